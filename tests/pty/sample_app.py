"""The smallest app that has what the terminal tests need: `python -m tests.pty.sample_app [PERIOD] [raw]`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.strip import Strip
from textual.widget import Widget

from twtop.ui.terminal.driver import TerminalDriver
from twtop.ui.terminal.run import run_app

if TYPE_CHECKING:
    from textual.app import ComposeResult


class Numbers(Widget):
    """Rows of numbers, most of which change with every tick, refreshed whole."""

    DEFAULT_CSS = "Numbers { width: 1fr; height: 1fr; }"
    ticks = 0

    def tick(self) -> None:
        self.ticks += 1
        self.refresh()

    def render_line(self, y: int) -> Strip:
        if y == 0:
            text = f"ready tick {self.ticks} size {self.size.width}x{self.size.height}"
            return Strip([Segment(text.ljust(self.size.width)[: self.size.width], Style(bold=True))])
        total = 1000 * y + self.ticks * (y % 7)
        born = (self.ticks * y) % 50
        left = f"{total:>10,} {born:>6} {born % 9:>6} "
        right = f"> 10.0.0.{y}:5432   nothing will end these but the application".ljust(self.size.width)
        segments = [Segment(left, Style(color="green")), Segment(right, Style(dim=True))]
        return Strip(segments).crop(0, self.size.width)


class SampleApp(App[None]):
    """Numbers once in `period` seconds, and keys that end it in different ways."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[Any]] = [
        ("q", "quit"),
        ("x", "crash"),
        ("ctrl+z", "suspend_process"),
    ]

    def __init__(self, period: float, *, raw: bool) -> None:
        super().__init__(driver_class=None if raw else TerminalDriver)
        self.period = period
        self.theme = "ansi-dark"

    def compose(self) -> ComposeResult:
        yield Numbers()

    def on_mount(self) -> None:
        self.set_interval(self.period, self.query_one(Numbers).tick)

    def action_crash(self) -> None:
        raise ValueError("a number that was not one")


def main() -> int:
    period = float(sys.argv[1]) if len(sys.argv) > 1 else 0.1
    return run_app(SampleApp(period, raw="raw" in sys.argv))


if __name__ == "__main__":
    sys.exit(main())
