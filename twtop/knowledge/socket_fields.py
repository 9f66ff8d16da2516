"""What is said about each value of a socket, from ``socket_fields.toml``; read when needed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

from twtop.core.details.timers import timer_words
from twtop.core.details.units import UNITS
from twtop.core.details.words import WRITERS
from twtop.core.states import State, Timer
from twtop.knowledge.pages import read_toml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from twtop.core.details.details import Details
    from twtop.core.sysctls import Sysctls


@dataclass(frozen=True, slots=True)
class FieldPage:
    """All that is said about a value.

    ``also`` are values told in the same line, ``since`` is the kernel that brought it. ``scope``: tcp_info
    has it of connections only, or of listeners too; empty for what is not in tcp_info.
    """

    title: str
    group: str
    means: str
    bad: str = ""
    unit: str = ""
    since: str = ""
    scope: Literal["", "connection", "listener"] = ""
    also: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One value of a socket as text."""

    name: str
    title: str
    text: str
    page: FieldPage


@cache
def field_pages() -> Mapping[str, FieldPage]:
    """Return the page of every value by its name, in the order in which they are shown."""
    return {name: _page(name, data) for name, data in read_toml("socket_fields.toml").items()}


def _page(name: str, data: dict[str, str]) -> FieldPage:
    title = data.pop("title", name.replace("_", " "))
    return FieldPage(title=title, also=tuple(data.pop("also", ())), **data)  # type: ignore[arg-type]


def lines(told: Details, sysctls: Sysctls) -> list[Line]:
    """Write every value that was told."""
    shown = []
    for name, page in field_pages().items():
        if name in told.values and not (told.is_mini and name in _UNKNOWN_OF_MINIS):
            shown.append(Line(name, page.title, _text(name, page, told, sysctls), page))
    return shown


def _text(name: str, page: FieldPage, told: Details, sysctls: Sysctls) -> str:
    if name == "timer":
        return timer_words(told, sysctls)
    writer = WRITERS.get(name)
    return UNITS[page.unit](told.number(name)) if writer is None else writer(told)


_UNKNOWN_OF_MINIS: Final = frozenset({"uid", "inode", "rqueue", "wqueue"})
"""The kernel says 0, which means that it does not know."""
_WHY_MINI: Final[dict[int, str]] = {
    State.SYN_RECV: "A request: the kernel makes a socket of it when the handshake is complete",
    State.FIN_WAIT_2: "A mini-socket: its owner has closed, and the kernel keeps enough to await the FIN",
}
_TIME_WAIT: Final = "A mini-socket: the connection is over, and the kernel keeps enough to guard its ends"


def absences(told: Details) -> Iterator[str]:
    """Say what is not shown, and why, one sentence each."""
    state = told.number("state")
    if told.lack is not None:
        yield f"{told.lack}. So there is only what the table of all sockets has."
        return
    if told.is_mini:
        yield f"{_WHY_MINI.get(state, _TIME_WAIT)}. It has no queues, no tcp_info and no owner."
    elif state == State.UNCONN:
        yield "It is only bound: there is no tcp_info of what has no connection."
    if "mark" not in told.values and told.number("timer") != Timer.TIMEWAIT:
        yield "The mark is not shown: it needs CAP_NET_ADMIN."
    yield from _missing(told)
    if told.surplus_bytes:
        yield f"tcp_info is {told.surplus_bytes} bytes longer than this twtop knows."
    if told.unknown:
        yield f"The kernel told {_counted(told.unknown)} that this twtop does not know."
    if told.damaged:
        yield "The kernel's answer was damaged; what lay behind the damage is left out."


def _counted(number: int) -> str:
    return "1 attribute" if number == 1 else f"{number} attributes"


def _missing(told: Details) -> Iterator[str]:
    """Name what this kernel is too old for."""
    if told.is_mini:
        return
    listening = told.number("state") == State.LISTEN
    wanted = [
        page
        for name, page in field_pages().items()
        if page.since and name not in told.values and (not page.scope or "tcp_info_bytes" in told.values)
        if not (listening and page.scope == "connection")
    ]
    if wanted:
        names = ", ".join(f"{page.title} ({page.since})" for page in wanted)
        yield f"This kernel does not tell, for it came with a later one: {names}."
