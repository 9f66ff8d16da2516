"""The dialog that closes sockets: it says what will happen, and wants their number typed."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, ClassVar, Final

from textual.binding import Binding, BindingType
from textual.containers import Container
from textual.screen import ModalScreen

from twtop.core.closing.kinds import Kind
from twtop.core.closing.plan import Why
from twtop.core.closing.tally import Tally
from twtop.ui import styles
from twtop.ui.closing.lines import asking, results
from twtop.ui.text_view import TextView

if TYPE_CHECKING:
    from collections.abc import Callable

    from textual import events
    from textual.app import ComposeResult

    from twtop.sources.closer import Closer, Job
    from twtop.ui.closing.lines import Occasion
    from twtop.ui.line_view import Part

_MOST_DIGITS: Final = 9
_PROGRESS_EVERY_S: Final = 0.1
_WIDEST: Final = 100
_FOOT_LINES: Final = 3
_BORDER: Final = 2


class Sheet(TextView):
    """Lines that the dialog makes."""

    def __init__(self, *, id: str) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self._make: Callable[[int], list[list[Part]]] = lambda _: []

    def show(self, make: Callable[[int], list[list[Part]]]) -> None:
        """Show what ``make`` makes for the present width, and for others later."""
        self._make = make
        self.update_lines()

    def made_lines(self, width: int) -> list[list[Part]]:
        """Let the dialog make them."""
        return self._make(width)


class CloseScreen(ModalScreen[None]):
    """Asks, closes, and reports; leaving it before the number is typed changes nothing."""

    AUTO_FOCUS = ""

    DEFAULT_CSS = """
    CloseScreen { align: center middle; background: ansi_default; color: ansi_default; }
    #close-box { width: 100; max-width: 100%; height: auto; max-height: 100%; border: round ansi_red; }
    #close-sheet { height: 1fr; }
    #close-foot { dock: bottom; height: 3; overflow: hidden; scrollbar-size: 0 0; }
    """

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "close", "close", tooltip="Close them, once their number is typed"),
        Binding("backspace", "erase", "erase", tooltip="Erase a digit"),
        Binding("t", "time_waits", "TIME-WAIT", tooltip="Close TIME-WAITs too, or leave them out again"),
        Binding("up,k", "scroll(-1)", "up", tooltip="Up"),
        Binding("down,j", "scroll(1)", "down", tooltip="Down"),
        Binding("pageup", "page(-1)", "page up", tooltip="Page up"),
        Binding("pagedown", "page(1)", "page down", tooltip="Page down"),
        Binding("escape,q", "leave", "leave", tooltip="Leave; while sockets are being closed, stop"),
    ]

    def __init__(self, closer: Closer, job: Job, occasion: Occasion, prepare: Callable[[bool], Job]) -> None:
        """``prepare`` makes the job anew, with TIME-WAITs or without; it is slow."""
        super().__init__()
        self._closer = closer
        self._job = job
        self._occasion = occasion
        self._prepare = prepare
        self._typed = ""
        self._complaint = ""
        self._tally: Tally | None = None
        self._box = Container(id="close-box")
        self._sheet = Sheet(id="close-sheet")
        self._foot = Sheet(id="close-foot")

    def compose(self) -> ComposeResult:
        """Show the words above what is typed."""
        with self._box:
            yield self._sheet
            yield self._foot

    def on_unmount(self) -> None:
        """Close no more: nobody could stop it."""
        if self._tally is not None:
            self._tally.stopping = True

    def on_resize(self) -> None:
        """Be as high as the words need in the new width."""
        self._show()

    def _show(self) -> None:
        lines = self._lines(min(_WIDEST, self.app.size.width) - _BORDER)
        self._box.styles.height = len(lines) + _FOOT_LINES + _BORDER
        self._sheet.show(self._lines)
        self._foot.show(self._foot_lines)

    def _lines(self, width: int) -> list[list[Part]]:
        tally = self._tally
        return asking(self._job.plan, self._occasion, width) if tally is None else results(tally, width)

    def _foot_lines(self, width: int) -> list[list[Part]]:
        del width
        return [[], self._prompt(), [(self._keys(), styles.DIM)]]

    def _prompt(self) -> list[Part]:
        count = self._job.plan.count
        if self._tally is not None or not count:
            return []
        asked = f"Type {count} to close: "
        return [
            (asked, styles.BOLD),
            (f"{self._typed}_", styles.CURSOR),
            (f" {self._complaint}", styles.ALARM),
        ]

    def _keys(self) -> str:
        if self._tally is not None:
            return "esc: back" if self._tally.ended else "esc: stop"
        keys = ["enter: close", "esc: leave"] if self._job.plan.count else ["esc: leave"]
        if self._offers_time_waits:
            keys.append("t: without TIME-WAIT" if self._includes_time_waits else "t: with TIME-WAIT")
        return "   ".join([*keys, "up/down: scroll"])

    @property
    def _includes_time_waits(self) -> bool:
        return Kind.TIME_WAIT in self._job.plan.agreed

    @property
    def _offers_time_waits(self) -> bool:
        return self._includes_time_waits or any(left.why is Why.TIME_WAIT for left in self._job.plan.rest)

    def on_key(self, event: events.Key) -> None:
        """Take a digit of the number, or erase one.

        A binding would erase only after all that was typed behind it, as it comes at once over a slow line.
        """
        if event.key == "backspace":
            event.stop()
            self.action_erase()
        elif event.character and event.character in "0123456789" and self._tally is None:
            event.stop()
            if self._job.plan.count and len(self._typed) < _MOST_DIGITS:
                self._type(self._typed + event.character)

    def _type(self, typed: str, complaint: str = "") -> None:
        self._typed, self._complaint = typed, complaint
        self._show()

    def action_erase(self) -> None:
        """Erase a digit."""
        self._type(self._typed[:-1])

    async def action_time_waits(self) -> None:
        """Close TIME-WAITs too, or not; that is another number."""
        if self._tally is None and self._offers_time_waits:
            self._job = await asyncio.to_thread(self._prepare, not self._includes_time_waits)
            self._type("")

    def action_close(self) -> None:
        """Close them, if the number is right."""
        count = self._job.plan.count
        if self._tally is not None or not count:
            return
        if self._typed != str(count):
            self._type("", f"{self._typed} is not {count}" if self._typed else f"type {count} first")
            return
        self._tally = Tally(count)
        self.run_worker(self._carry_out(self._tally), name="close")
        self.set_interval(_PROGRESS_EVERY_S, self._show_progress)
        self._show()

    async def _carry_out(self, tally: Tally) -> None:
        await asyncio.to_thread(self._closer.carry_out, self._job, tally)
        self._show()

    def _show_progress(self) -> None:
        if self._tally is not None and not self._tally.ended:
            self._show()

    def action_scroll(self, step: int) -> None:
        """Scroll by lines."""
        self._sheet.scroll_relative(y=step, animate=False)

    def action_page(self, step: int) -> None:
        """Scroll by screenfuls."""
        self._sheet.scroll_relative(y=step * max(1, self._sheet.visible_size.height - 1), animate=False)

    def action_leave(self) -> None:
        """Leave, or stop what goes on."""
        if self._tally is not None and not self._tally.ended:
            self._tally.stopping = True
            self._show()
        else:
            self.dismiss(None)
