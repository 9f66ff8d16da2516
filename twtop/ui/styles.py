"""The looks of text: the terminal's own sixteen colours, and never a colour without a word or sign."""

from __future__ import annotations

from typing import Final

from rich.style import Style

from twtop.core.states import State

PLAIN: Final = Style()
DIM: Final = Style(dim=True)
BOLD: Final = Style(bold=True)
CURSOR: Final = Style(reverse=True)
HEADING: Final = Style(bold=True, underline=True)
GOOD: Final = Style(color="green")
WARNING: Final = Style(color="yellow")
ALARM: Final = Style(color="red", bold=True)
NOTE: Final = Style(color="cyan")
PAST: Final = Style(color="yellow", bold=True, reverse=True)
"""What is not the present."""
TITLE: Final = Style(color="cyan", bold=True)

STATES: Final[dict[int, Style]] = {
    State.LISTEN: NOTE,
    State.ESTAB: GOOD,
    State.SYN_SENT: WARNING,
    State.SYN_RECV: WARNING,
    State.CLOSE_WAIT: Style(color="magenta"),
    State.LAST_ACK: WARNING,
    State.FIN_WAIT_1: WARNING,
    State.CLOSING: WARNING,
}
"""Looks of states' names; all others are plain."""
