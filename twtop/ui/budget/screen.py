"""Port budgets, the fullest first, and what changes would do to the one under the cursor."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Final, NamedTuple

from textual.binding import Binding, BindingType

from twtop.core.ports.budget import Budget, budgets
from twtop.core.ports.what_if import Trial, predictions
from twtop.core.release import version
from twtop.core.sysctls import PortRange
from twtop.diagnosis.subjects import towards
from twtop.ui import styles
from twtop.ui.budget.lines import about_lines, change_lines, destination_line, list_titles, what_if_lines
from twtop.ui.budget.range_entry import TYPING_KEYS, RangeEntry
from twtop.ui.cursor_list import CursorList
from twtop.ui.frame_screen import FrameScreen
from twtop.ui.text_view import TextView

if TYPE_CHECKING:
    from collections.abc import Iterable

    from textual import events
    from textual.widget import Widget

    from twtop.core.ports.usage import Destination, Ports
    from twtop.core.ports.what_if import Prediction
    from twtop.core.signs import Signs
    from twtop.ui.line_view import Part
    from twtop.ui.picture import Picture

RANGES: Final = (PortRange(1024, 65535), PortRange(10000, 65535), PortRange(32768, 60999))
"""What left and right try: the widest without privileged ports, ..., the kernel's default."""
_DETAIL: Final = 18
"""Lines about the budget under the cursor, on a screen that has little room."""
_FEWEST: Final = 3
_LOW: Final = 8
"""On a screen with fewer lines a range that is typed takes the place of the detail."""


class Prepared(NamedTuple):
    """What the view shows."""

    budgets: list[Budget]
    ports: Ports
    kernel: tuple[int, int]


class BudgetList(CursorList[Budget]):
    """One line per destination."""

    TITLES = 2

    def __init__(self, signs: Signs) -> None:
        super().__init__(id="budget-list")
        self._signs = signs
        self._ports: Ports | None = None

    def show(self, prepared: Prepared) -> None:
        """Show these budgets."""
        self._ports = prepared.ports
        self.put(prepared.budgets)

    def identity(self, item: Budget) -> Destination:
        """Return the destination."""
        return item.destination

    def title_line(self, number: int, width: int) -> list[Part]:
        """Write what all share, or the titles of the columns."""
        if self._ports is None:
            return []
        return list_titles(len(self.items), self._ports, len(self._ports), width)[number]

    def item_line(self, item: Budget, width: int) -> list[Part]:
        """Write a budget."""
        return destination_line(item, self._signs, width)

    def nothing_line(self) -> list[Part]:
        """Say that there are none."""
        return [("No client socket uses a port of the range now.", styles.PLAIN)]

    @property
    def most_lines(self) -> int:
        """Leave room for the detail."""
        height = self.screen.size.height if self.is_attached else 0
        # Footer and border stay in sight on any screen.
        return max(1, min(max(self.TITLES + _FEWEST, height - _DETAIL), height - 2))


class BudgetDetail(TextView):
    """One budget in full, and what changes would do to it."""

    def __init__(self, signs: Signs) -> None:
        super().__init__(id="budget-detail")
        self._signs = signs
        self._budget: Budget | None = None
        self._changes: list[Prediction] = []
        self._chosen = 0

    @property
    def change(self) -> Prediction | None:
        """The change that is chosen."""
        return self._changes[self._chosen] if self._changes else None

    def show(self, budget: Budget | None, changes: list[Prediction]) -> None:
        """Show another budget, or none."""
        self._budget, self._changes = budget, changes
        self.update_lines()

    def choose(self, step: int) -> None:
        """Choose another change."""
        if self._changes:
            self._chosen = (self._chosen + step) % len(self._changes)
            self.update_lines()

    def made_lines(self, width: int) -> list[list[Part]]:
        """Write the budget, the changes, and the chosen one."""
        if self._budget is None or self.change is None:
            return []
        return [
            *about_lines(self._budget, self._signs, width),
            *what_if_lines(self._budget, self._changes, self._chosen, width),
            *change_lines(self.change, width),
        ]


class BudgetScreen(FrameScreen[Prepared]):
    """The list above, the budget under the cursor below."""

    DEFAULT_CSS = """
    BudgetScreen #budget-list { padding: 0 1; scrollbar-size: 0 0; }
    BudgetScreen #budget-detail { height: 1fr; padding: 0 1; border-top: solid ansi_bright_black; }
    BudgetScreen.-low #range-how, BudgetScreen.-low.-typing #budget-detail { display: none; }
    """

    HEADING = "Budgets"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "up", tooltip="Select the destination above", show=False),
        Binding("down,j", "move(1)", "down", tooltip="Select the destination below", show=False),
        Binding("pageup", "page(-1)", "page", tooltip="Page the text below back", show=False),
        Binding("pagedown", "page(1)", "page", tooltip="Page the text below on", show=False),
        Binding("enter", "filter", "sockets", tooltip="Show the sockets of the destination in the table"),
        Binding("tab", "choose(1)", "what if", tooltip="Choose the next change"),
        Binding("shift+tab", "choose(-1)", "what if", tooltip="Choose the change before", show=False),
        Binding("c", "copy", "copy", tooltip="Copy the command of the change"),
        Binding("right", "try_range(1)", "range", tooltip="Try another range"),
        Binding("left", "try_range(-1)", "range", tooltip="Try the range before", show=False),
        Binding("r", "type_range", "type it", tooltip="Type the range to try"),
        Binding("b", "dismiss", "back", tooltip="Back to the table", show=False),
    ]

    def __init__(self, signs: Signs) -> None:
        super().__init__(signs)
        self._list = BudgetList(signs)
        self._detail = BudgetDetail(signs)
        self._entry = RangeEntry(self._try)
        self._prepared: Prepared | None = None
        self._range: PortRange | None = None

    def content(self) -> Iterable[Widget]:
        """The list, the detail, and where a range is typed."""
        return self._list, self._detail, self._entry

    def footer_keys(self) -> list[tuple[str, str]]:
        """Name the keys of typing while a range is typed."""
        return list(TYPING_KEYS) if self._entry.is_open else super().footer_keys()

    def on_resize(self, event: events.Resize) -> None:
        """Share the room anew."""
        self.set_class(event.size.height < _LOW, "-low")
        self._list.redraw()

    def prepare(self, picture: Picture) -> Prepared:
        """Compute the budgets of the busiest destinations."""
        frame = picture.frame
        found = budgets(frame.moment.snapshot, frame.ports, frame.history)
        return Prepared(found, frame.ports, version(frame.host.kernel))

    def present(self, prepared: Prepared) -> None:
        """Show them."""
        self._prepared = prepared
        self._list.show(prepared)
        self._show_detail()

    def _show_detail(self) -> None:
        budget = self._list.current
        changes: list[Prediction] = []
        if budget is not None and self._prepared is not None:
            changes = predictions(Trial(budget, self._tried(), self._prepared.kernel))
        self._detail.show(budget, changes)

    def _tried(self) -> PortRange:
        """Return the range that is tried: the chosen one, or the first that is not in force."""
        return self._range or self._ranges()[0]

    def _ranges(self) -> list[PortRange]:
        in_force = self._prepared.ports.range if self._prepared is not None else None
        return [span for span in RANGES if span != in_force]

    def on_cursor_list_selected(self) -> None:
        """Follow the mouse."""
        self._show_detail()

    def action_move(self, step: int) -> None:
        """Select another destination."""
        self._list.move(step)
        self._show_detail()

    def action_page(self, step: int) -> None:
        """Page what does not fit below."""
        detail = self._detail
        detail.scroll_to(
            y=detail.scroll_offset.y + step * detail.visible_size.height, animate=False, force=True
        )

    def action_choose(self, step: int) -> None:
        """Choose another change."""
        self._detail.choose(step)

    def action_try_range(self, step: int) -> None:
        """Try another of the usual ranges."""
        usual = self._ranges()
        tried = self._tried()
        at = (usual.index(tried) + step) % len(usual) if tried in usual else 0
        self._try(usual[at])

    def action_type_range(self) -> None:
        """Let the user type a range."""
        self.add_class("-typing")
        self._entry.open(self._tried())

    def on_range_entry_closed(self) -> None:
        """Give the room back, unless typing has begun again."""
        self.set_class(self._entry.is_open, "-typing")

    def _try(self, span: PortRange) -> None:
        self._range = span
        self._show_detail()

    def action_copy(self) -> None:
        """Copy the command of the chosen change."""
        change = self._detail.change
        if change is not None:
            self.app.copy_to_clipboard(change.command)
            self.notify(f"Copied, not run: {change.command}", timeout=4, markup=False)

    def action_filter(self) -> None:
        """Show the sockets of the destination."""
        budget = self._list.current
        if budget is not None and budget.used:
            sockets, row = budget.snapshot.sockets, int(budget.rows[0])
            self.post_message(self.FilterChosen(towards(sockets, row, source=True)))
