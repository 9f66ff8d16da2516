"""The list of network namespaces, and what is to be said about the one under the cursor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from textual.binding import Binding, BindingType
from textual.message import Message

from twtop.core.format import counted
from twtop.sources.panorama import Panorama, Place
from twtop.ui import styles
from twtop.ui.cursor_list import CursorList
from twtop.ui.explanation.wrapping import broken
from twtop.ui.frame_screen import FrameScreen
from twtop.ui.namespaces.lines import about, place_line, titles
from twtop.ui.text_view import TextView

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual.widget import Widget

    from twtop.core.signs import Signs
    from twtop.ui.line_view import Part
    from twtop.ui.picture import Picture

_DETAIL: Final = 9
"""Lines below the list, where there is room."""


class Listed(NamedTuple):
    """What the view shows."""

    places: tuple[Place, ...] | None
    """None while they are being read for the first time."""
    alone: int | None
    """The number of the one that the table shows alone."""
    past: bool = False
    """What was not recorded cannot be read any more."""


class NamespaceList(CursorList[Place]):
    """One line per namespace."""

    TITLES = 2

    def __init__(self, signs: Signs) -> None:
        super().__init__(id="namespace-list")
        self._signs = signs
        self._listed = Listed(None, None)
        self._frozen = False

    def show(self, listed: Listed) -> None:
        """Show these."""
        self._listed = listed
        self.put(listed.places or ())

    def show_frozen(self, *, frozen: bool) -> None:
        """Say why there are none."""
        self._frozen = frozen
        self.update_lines()

    def identity(self, item: Place) -> int:
        """Return the number."""
        return item.namespace.number

    def title_line(self, number: int, width: int) -> list[Part]:
        """Count them, or write the titles of the columns."""
        if number:
            return [(titles() if self.items else "", styles.TITLE)]
        if not self.items:
            return [("Network namespaces", styles.TITLE)]
        sockets = counted(sum(item.sockets for item in self.items), "socket")
        of = "all are shown together" if self._listed.alone is None else "* is shown alone"
        return [(f"{counted(len(self.items), 'network namespace')}, {sockets}; {of}", styles.TITLE)]

    def item_line(self, item: Place, width: int) -> list[Part]:
        """Write the totals of one."""
        shown = item.namespace.number == self._listed.alone
        return place_line(item, shown=shown, width=width, signs=self._signs)

    def nothing_line(self) -> list[Part]:
        """Say that they are being read, or were not recorded."""
        if self._listed.past:
            return [("Only the network namespace that the table shows was recorded then.", styles.PLAIN)]
        if self._frozen:
            return [("The screen is frozen: space lets it go on, and reads all namespaces.", styles.PLAIN)]
        return [("Reading all network namespaces: it takes a moment.", styles.PLAIN)]

    @property
    def most_lines(self) -> int:
        """Leave room for the detail."""
        height = self.screen.size.height if self.is_attached else 0
        return max(1, min(max(self.TITLES + 3, height - _DETAIL), height - 2))


class NamespaceDetail(TextView):
    """One namespace in full."""

    def __init__(self) -> None:
        super().__init__(id="namespace-detail")
        self._place: Place | None = None

    def show(self, place: Place | None) -> None:
        """Show another one, or none."""
        self._place = place
        self.update_lines()

    def made_lines(self, width: int) -> list[list[Part]]:
        """Break what there is to say."""
        if self._place is None:
            return []
        return broken(about(self._place), width)


class NamespacesScreen(FrameScreen[Listed]):
    """The list above, the namespace under the cursor below."""

    DEFAULT_CSS = """
    NamespacesScreen #namespace-list { padding: 0 1; scrollbar-size: 0 0; }
    NamespacesScreen #namespace-detail { height: 1fr; padding: 0 1; border-top: solid ansi_bright_black; }
    """

    HEADING = "Network namespaces"
    IS_OF_ALL = True

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", tooltip="Select the namespace above", show=False),
        Binding("down,j", "move(1)", "down", tooltip="Select the namespace below", show=False),
        Binding("enter", "choose", "alone", tooltip="Show this namespace alone, in all panels"),
        Binding("a", "choose_all", "all", tooltip="Show the sockets of all namespaces together"),
        Binding("N", "dismiss", "back", tooltip="Back to the table", show=False),
    ]

    @dataclass
    class Chosen(Message):
        """The user wants to see one namespace, or all."""

        place: Place | None
        """None for all."""

    def __init__(self, signs: Signs) -> None:
        super().__init__(signs)
        self._list = NamespaceList(signs)
        self._detail = NamespaceDetail()

    def content(self) -> Iterable[Widget]:
        """The list and the detail."""
        return self._list, self._detail

    def on_resize(self) -> None:
        """Share the room anew."""
        self._list.redraw()

    def prepare(self, picture: Picture) -> Listed:
        """Take the namespaces."""
        looked = picture.looked
        places = looked.places if isinstance(looked, Panorama) else None
        return Listed(places, picture.alone, picture.past)

    def present(self, prepared: Listed) -> None:
        """Show them."""
        self._list.show(prepared)
        self._show_detail()

    def _show_detail(self) -> None:
        self._detail.show(self._list.current)

    def show_frozen(self, *, frozen: bool) -> None:
        """Say whether what is shown stands still, and so lacks what was not read then."""
        super().show_frozen(frozen=frozen)
        self._list.show_frozen(frozen=frozen)

    def on_cursor_list_selected(self) -> None:
        """Follow the mouse."""
        self._show_detail()

    def action_move(self, step: int) -> None:
        """Select another namespace."""
        self._list.move(step)
        self._show_detail()

    def action_choose(self) -> None:
        """Show the namespace alone, if it can be read."""
        place = self._list.current
        if place is None:
            return
        if place.frame is None:
            self.notify(f"It cannot be read: {place.problem}", severity="warning", timeout=5, markup=False)
            return
        self.post_message(self.Chosen(place))

    def action_choose_all(self) -> None:
        """Show all."""
        self.post_message(self.Chosen(None))
