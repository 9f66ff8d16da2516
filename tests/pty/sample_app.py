"""The smallest app that has what the terminal tests need: numbers that change, and keys that end it."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from rich.segment import Segment
from rich.style import Style
from textual.app import App
from textual.strip import Strip
from textual.widget import Widget

from twtop.errors import HostError, TwtopError
from twtop.ui.terminal.driver import TerminalDriver
from twtop.ui.terminal.run import run_app

if TYPE_CHECKING:
    from textual.app import ComposeResult


class Numbers(Widget):
    """Rows of numbers, most of which change with every tick, refreshed whole."""

    DEFAULT_CSS = "Numbers { width: 1fr; height: 1fr; }"
    ticks = 0

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
    """Numbers that change once in `period` seconds; every tick is noted in the file `beat`."""

    ENABLE_COMMAND_PALETTE = False
    BINDINGS: ClassVar[list[Any]] = [
        ("q", "quit"),
        ("x", "crash"),
        ("w", "refuse"),
        ("ctrl+z", "suspend_process"),
    ]

    def __init__(self, period: float = 0.02, beat: Path | None = None, *, raw: bool = False) -> None:
        super().__init__(driver_class=None if raw else TerminalDriver)
        self.theme = "ansi-dark"
        self.period = period
        self.beat = beat

    def compose(self) -> ComposeResult:
        yield Numbers()

    def on_mount(self) -> None:
        self.set_interval(self.period, self.tick)

    def tick(self) -> None:
        numbers = self.query_one(Numbers)
        numbers.ticks += 1
        numbers.refresh()
        if self.beat:
            self.beat.write_text(str(numbers.ticks))

    def action_crash(self) -> None:
        raise ValueError("a number\nthat was not one")

    def action_refuse(self) -> None:
        self.run_worker(self._refuse, thread=True)

    def _refuse(self) -> None:
        raise HostError("this host has no sockets")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--period", type=float, default=0.02)
    parser.add_argument("--beat", type=Path)
    parser.add_argument("--raw", action="store_true", help="use Textual's own driver")
    arguments = parser.parse_args()
    try:
        return run_app(SampleApp(arguments.period, arguments.beat, raw=arguments.raw))
    except TwtopError as error:
        print(error, file=sys.stderr)
        return 2


if __name__ == "__main__":
    sys.exit(main())
