"""What the documents about TIME-WAIT do with sockets, and how twtop is looked at meanwhile."""

from __future__ import annotations

import errno
import socket
import struct
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

import numpy as np
import pytest

from tests.lab.oracle import eventually
from tests.scenarios.ward import SECONDS, Ward
from tests.warm import TWTOP
from twtop.core.lifetimes import tw_reuse_delay
from twtop.core.ports.plot_data import summarise
from twtop.core.signature import signature
from twtop.core.signs import ASCII
from twtop.core.states import IN_LIFE_ORDER, State
from twtop.core.table.notes import socket_note
from twtop.core.table.view import Spec, view
from twtop.errors import KernelError
from twtop.export.records import socket_records
from twtop.knowledge.explain import explain_state
from twtop.knowledge.text import render_text
from twtop.lab.host import endpoint
from twtop.ui.ports.layout import Look, layout

if TYPE_CHECKING:
    from collections.abc import Callable

    from twtop.export.records import SocketRecord
    from twtop.lab.host import Endpoint, Host, Socket
    from twtop.lab.lab import Lab
    from twtop.sources.observer import Frame

PORT: Final = 5000
"""Where the sample server of the Korean document listens."""
LIFE_MS: Final = 60_000

_WIDTH: Final = 100_000
_MARGIN_MS: Final = 50
_TICKS_MS: Final = 20
_PAUSE_S: Final = 0.01
_PANEL: Final = (120, 12)


class Shown(NamedTuple):
    """One socket as twtop shows it."""

    record: SocketRecord
    note: str
    row: int
    frame: Frame

    @property
    def why(self) -> str:
        """What the explanation pane says of it, in one line."""
        state = next(state for state in State if state.label == self.record.state)
        row = signature(self.frame.moment, np.array([self.row], np.intp))
        explanation = explain_state(state, self.frame.facts, row)
        return " ".join(render_text(explanation, _WIDTH).split())


class Onlooker(Ward):
    """Sees a host of the lab through twtop alone: counts, sockets, notes, ports and explanations."""

    def seen(self) -> Frame:
        """Look; return all that twtop knows then."""
        self.look()
        assert self.frame is not None
        return self.frame

    def states(self) -> dict[str, int]:
        """Look; return the counts of the strip that are not 0."""
        matches = view(self.seen().moment, Spec()).state_matches
        return {state.label: matches[state] for state in IN_LIFE_ORDER if matches[state]}

    def sockets(self, *states: State) -> list[Shown]:
        """Look; return the sockets in these states, with the note beside each."""
        frame = self.seen()
        shown = view(frame.moment, Spec())
        return [
            Shown(record, socket_note(frame.moment, row), row, frame)
            for record, row in zip(socket_records(shown), shown.groups.rows.tolist(), strict=True)
            if record.state in {state.label for state in states}
        ]

    def only(self, state: State) -> Shown:
        """Look; return the one socket in this state."""
        (shown,) = self.sockets(state)
        return shown

    def comes(self, state: State) -> Shown:
        """Look until there is one socket, in this state; return it as that look showed it."""
        shown: list[Shown] = []

        def look() -> list[str]:
            shown[:] = self.sockets(*State)
            return [one.record.state for one in shown]

        eventually(look, [state.label])
        return shown[0]

    def becomes(self, states: dict[str, int]) -> None:
        """Look until the strip shows these counts and no others."""
        eventually(self.states, states)

    def life(self, state: State) -> list[Shown]:
        """Look until nothing is in a state any more; return what was, as each look showed it."""
        seen: list[Shown] = []
        deadline = time.monotonic() + SECONDS
        while shown := self.sockets(state):
            assert time.monotonic() < deadline, f"{state.label} does not end: {shown}"
            seen += shown
            time.sleep(_PAUSE_S)
        return seen

    def ports(self, target: Endpoint | None = None) -> str:
        """Look; return the words of the ports panel: of the busiest destination, or (too) of another."""
        frame = self.seen()
        sockets = frame.moment.snapshot.sockets
        chosen = None
        if target is not None:
            every = (frame.ports.destination(sockets, index) for index in range(len(frame.ports)))
            chosen = next(one for one in every if one.remote_text == f"{target[0]}:{target[1]}")
        data = summarise(frame.moment.snapshot, frame.ports, frame.history, chosen)
        lines = layout(data, *_PANEL, Look(ASCII, None))
        return "\n".join("".join(text for text, _ in parts).rstrip() for parts in lines)

    def used(self) -> dict[str, tuple[int, int]]:
        """Look; return per destination the ports in use, and those of them in TIME-WAIT."""
        frame = self.seen()
        ports, sockets = frame.ports, frame.moment.snapshot.sockets
        return {
            ports.destination(sockets, index).remote_text: (int(ports.used[index]), int(ports.waiting[index]))
            for index in range(len(ports))
        }

    def counter(self, name: str) -> int:
        """Look; return a counter of the kernel, 0 where it has none of that name."""
        return self.seen().moment.snapshot.counters.get(name, 0)

    def until_reusable(self) -> None:
        """Look until all are in TIME-WAIT for so long that connect() may take them over, were it allowed."""

        def old_enough() -> bool:
            shown = self.sockets(*set(State) - {State.LISTEN})
            if {one.record.state for one in shown} != {State.TIME_WAIT.label}:
                return False
            delay_ms = 1000 * tw_reuse_delay(shown[0].frame.moment.snapshot.sysctls)
            return max(one.record.time_left_ms or 0 for one in shown) < LIFE_MS - delay_ms - _MARGIN_MS

        eventually(old_enough, True)


def began(left_ms: int | None, life_ms: int, start_s: float) -> bool:
    """Tell whether a clock of such a life shows what it may if it began after ``start_s`` (monotonic)."""
    passed_ms = 1000 * (time.monotonic() - start_s)
    return left_ms is not None and life_ms - passed_ms - _TICKS_MS <= left_ms <= life_ms + _TICKS_MS


def command(host: Host, *arguments: str) -> str:
    """Return what a command of twtop prints when it is run inside a host, in one line."""
    return " ".join(host.run([*TWTOP, *arguments]).stdout.split())


def refusal(attempt: Callable[[], object]) -> str:
    """Return the name of the error with which the kernel refuses something."""
    with pytest.raises(OSError) as refused:
        attempt()
    return errno.errorcode.get(refused.value.errno or 0, str(refused.value))


def call(lab: Lab, listener: Socket) -> tuple[Socket, Socket]:
    """Connect to a listener of the server; return the client's end and the accepted one."""
    client = lab.client.connect(*endpoint(listener))
    return client, lab.server.accept(listener)


def close_in_order(first: Socket, second: Socket) -> None:
    """Close an end, and the other one when it has read the end of the stream."""
    first.close()
    assert second.recv(1) == b""
    second.close()


def call_and_close(lab: Lab, listener: Socket, times: int = 1) -> None:
    """Make calls one after the other that the client closes first."""
    for _ in range(times):
        close_in_order(*call(lab, listener))


def start_server(host: Host, *, reuse: bool, port: int = PORT) -> Socket:
    """Listen on a port as a program does that sets SO_REUSEADDR before bind(), or does not."""
    listener = bound(host, port, reuse=reuse)
    listener.listen()
    return listener


def bound(host: Host, port: int, *, reuse: bool) -> Socket:
    """Bind a socket to a port of a host."""
    made = host.socket()
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, int(reuse))
    made.bind((host.address(), port))
    return made


def connect_from(lab: Lab, port: int, target: Endpoint, *, reuse: bool = True) -> Socket:
    """Connect from a port of the client that the program itself has chosen."""
    made = bound(lab.client, port, reuse=reuse)
    made.connect(target)
    return made


def linger(made: Socket, seconds: int) -> None:
    """Set SO_LINGER; with 0 s close() sends a RST."""
    made.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, seconds))


def few_ports(host: Host) -> None:
    """Leave a host ten ephemeral ports."""
    host.sysctl("net.ipv4.ip_local_port_range", "40000 40009")


def reuse_early(host: Host) -> None:
    """Let a TIME-WAIT be reused after 0.1 s where the kernel knows ``tcp_tw_reuse_delay`` (Linux 6.14)."""
    with suppress(KernelError):
        host.sysctl("net.ipv4.tcp_tw_reuse_delay", 100)
