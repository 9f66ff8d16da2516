"""The dialog that chooses the grouping keys and their order."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.screen import ModalScreen

from twtop.core.table.keys import DEFAULT_KEYS, KEYS
from twtop.ui import styles
from twtop.ui.line_view import LineView, Part

if TYPE_CHECKING:
    from textual import events
    from textual.app import ComposeResult

    from twtop.core.signs import Signs

_TITLE = "Group by  "
_TITLE_LINES = 2
_FOOT = (
    "space or digit: add, remove",
    "+/-: earlier, later",
    "enter: apply",
    "d: default",
    "esc: leave as it was",
)
_FOOT_COLUMNS = 50
_DIGITS = 10
"""So many keys can be chosen by a digit, the tenth by 0."""


class KeyList(LineView):
    """All keys; the chosen ones with their place in the chain."""

    def __init__(self, chosen: tuple[str, ...], signs: Signs) -> None:
        super().__init__(id="key-list")
        self.chosen = list(chosen)
        self.cursor = 0
        self.signs = signs

    @property
    def line_count(self) -> int:
        """Titles, keys, and how to use them."""
        return _TITLE_LINES + len(KEYS) + len(self._foot)

    @property
    def _foot(self) -> tuple[str, ...]:
        """How to use it: side by side, or below one another where there is no room for that."""
        if 0 < self.visible_size.width < _FOOT_COLUMNS:
            return ("", *_FOOT)
        return "", "   ".join(_FOOT[:2]), "   ".join(_FOOT[2:])

    def move_to(self, index: int) -> None:
        """Put the cursor on a key, in sight; with the titles if it is the first, the foot if the last."""
        self.cursor = index
        self.update_lines()
        first = 0 if index == 0 else index + _TITLE_LINES
        last = self.line_count - 1 if index == len(KEYS) - 1 else index + _TITLE_LINES
        self.scroll_to_region(Region(0, first, 1, last - first + 1), animate=False, immediate=True)

    def line(self, number: int, width: int) -> list[Part]:
        """Draw one line."""
        if number == 0:
            chain = f" {self.signs.arrow} ".join(KEYS[name].title for name in self.chosen)
            return [(_TITLE, styles.TITLE), (self.signs.clipped(chain, width - len(_TITLE)), styles.BOLD)]
        index = number - _TITLE_LINES
        if not 0 <= index < len(KEYS):
            return [(self._foot[index - len(KEYS)] if index > 0 else "", styles.DIM)]
        name = list(KEYS)[index]
        place = f"[{self.chosen.index(name) + 1}]" if name in self.chosen else "[ ]"
        digit = str((index + 1) % 10) if index < _DIGITS else " "
        look = styles.CURSOR if index == self.cursor else styles.PLAIN
        return [(f" {digit} {place} {KEYS[name].title} ".ljust(width), look)]


class GroupScreen(ModalScreen[tuple[str, ...] | None]):
    """Returns the chosen keys, outermost first; None if nothing is to change."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up"),
        Binding("down,j", "move(1)", "Down"),
        Binding("space", "choose", "Add or remove"),
        Binding("plus,shift+up,K", "shift(-1)", "Earlier in the chain"),
        Binding("minus,shift+down,J", "shift(1)", "Later in the chain"),
        Binding("d", "default", "Default"),
        Binding("enter", "apply", "Apply"),
        Binding("escape,q,g", "leave", "Leave as it was"),
    ]

    def __init__(self, chosen: tuple[str, ...], signs: Signs) -> None:
        super().__init__()
        self._keys = KeyList(chosen, signs)

    def compose(self) -> ComposeResult:
        """Show the list alone."""
        yield self._keys

    def on_mount(self) -> None:
        """Be as high as the list."""
        self._keys.styles.height = self._keys.line_count + 2

    def on_key(self, event: events.Key) -> None:
        """Choose a key by its digit."""
        if event.key.isdigit():
            index = (int(event.key) - 1) % _DIGITS
            if index < len(KEYS):
                self._keys.move_to(index)
                self.action_choose()
                event.stop()

    def on_click(self, event: events.Click) -> None:
        """Choose the key under the mouse."""
        keys = self._keys
        index = event.screen_y - keys.content_region.y + keys.scroll_offset.y - _TITLE_LINES
        if 0 <= index < len(KEYS):
            keys.move_to(index)
            self.action_choose()

    def action_move(self, step: int) -> None:
        """Move the cursor."""
        self._keys.move_to((self._keys.cursor + step) % len(KEYS))

    def action_choose(self) -> None:
        """Add the key under the cursor at the end of the chain, or remove it; one always stays."""
        chosen, name = self._keys.chosen, list(KEYS)[self._keys.cursor]
        if name not in chosen:
            chosen.append(name)
        elif len(chosen) > 1:
            chosen.remove(name)
        self._keys.update_lines()

    def action_shift(self, step: int) -> None:
        """Move the key under the cursor within the chain."""
        chosen, name = self._keys.chosen, list(KEYS)[self._keys.cursor]
        if name in chosen:
            place = chosen.index(name)
            other = max(0, min(len(chosen) - 1, place + step))
            chosen[place], chosen[other] = chosen[other], chosen[place]
            self._keys.update_lines()

    def action_default(self) -> None:
        """Choose state and peer."""
        self._keys.chosen[:] = DEFAULT_KEYS
        self._keys.update_lines()

    def action_apply(self) -> None:
        """Return the chain."""
        self.dismiss(tuple(self._keys.chosen))

    def action_leave(self) -> None:
        """Return nothing."""
        self.dismiss(None)
