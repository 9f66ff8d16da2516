"""The ss command of a line lists the sockets of that line, in the namespace that the line is about."""

from __future__ import annotations

import re
from base64 import b64decode
from typing import TYPE_CHECKING

import pytest

from tests.core.build import moment_of
from tests.core.filter.strategies import sockets
from tests.lab.oracle import states
from tests.pty.terminal import Terminal, python
from twtop.core.changes import follow
from twtop.core.filter import ss_command
from twtop.core.signs import UNICODE
from twtop.core.states import State
from twtop.core.table.keys import DEFAULT_KEYS, KEYS
from twtop.core.table.view import Line, Lines, Spec, view
from twtop.lab.recipes import EVERY_STATE
from twtop.sources.live import LiveSource
from twtop.ui.table.copying import line_filter
from twtop.ui.table.row_text import line_text, representative, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.snapshot import Snapshot
    from twtop.lab.host import Host
    from twtop.lab.lab import Lab

OSC_52 = re.compile(rb"\x1b\]52;c;([^\x07\x1b]*)")
CHAINS = (
    DEFAULT_KEYS,
    *((name,) for name, key in KEYS.items() if name not in ("role", "label") and not key.of_owners),
    ("remote-network", "local-port", "state"),
)
"""Neither a role nor a label nor an owner can be asked of ss."""


@pytest.fixture(params=["client", "server"])
def host(lab: Lab, request: pytest.FixtureRequest) -> Host:
    for name, make in EVERY_STATE.items():
        if lab.ipv6 or not name.endswith("v6"):
            make(lab)
    chosen: Host = getattr(lab, request.param)
    return chosen


def all_lines(snapshot: Snapshot, keys: tuple[str, ...]) -> Lines:
    """Every group unfolded, down to its sockets."""
    shown = view(follow(None, snapshot), Spec(keys=keys))
    identities = [int(number) for level in shown.groups.levels for number in level.identity]
    return Lines(shown, dict.fromkeys(identities, "all"))


def seen_by_ss(host: Host, command: str) -> int:
    return len(host.run(["sh", "-c", command]).stdout.splitlines()) - 1


def listed(lines: Lines, line: Line) -> int:
    """How many of a line's sockets ss can list: not those that are only bound."""
    sockets = lines.view.moment.snapshot.sockets
    return int((sockets.state[rows_of(lines, line)] != State.UNCONN).sum())


def one_of_each(lines: Lines) -> Iterator[Line]:
    """One line of each kind, depth, state and side."""
    snapshot, seen = lines.view.moment.snapshot, set()
    for at in range(len(lines)):
        line = lines[at]
        row = representative(lines, line)
        kind = (
            line.kind,
            line.depth,
            int(snapshot.sockets.state[row]),
            bool(snapshot.server[row]),
        )
        if kind not in seen:
            seen.add(kind)
            yield line


def differences(host: Host) -> Iterator[str]:
    with host.entered(), LiveSource() as source:
        snapshot = source.take()
    for keys in CHAINS:
        lines = all_lines(snapshot, keys)
        for line in one_of_each(lines):
            command = ss_command(line_filter(lines, line))
            assert command is not None
            if (seen := seen_by_ss(host, command)) != listed(lines, line):
                yield f"{line_text(lines, line, UNICODE)}: {listed(lines, line)}, but {seen} by {command}"


def test_ss_lists_what_each_line_stands_for(host: Host) -> None:
    for _ in range(5):
        before = states(host)
        different = list(differences(host))
        if not different or states(host) == before:
            break
    assert different == []


def test_more_stands_for_the_whole_group(host: Host) -> None:
    with host.entered(), LiveSource() as source:
        snapshot = source.take()
    lines = Lines(view(follow(None, snapshot), Spec(keys=("local-address", "local-port"))), {})
    at = next(at for at in range(len(lines)) if lines[at].kind == "more")
    group = next(lines[above] for above in range(at, -1, -1) if lines[above].depth == 0)
    assert line_filter(lines, lines[at]) == line_filter(lines, group)


@pytest.mark.parametrize("keys", [("owner",), ("command",), ("user",), ("unit",), ("state", "owner")])
def test_owners_can_be_filtered_by_as_they_are_grouped(keys: tuple[str, ...]) -> None:
    shown = view(moment_of(sockets(5)), Spec(keys=keys))
    lines = Lines(shown, {})
    table = shown.moment.snapshot.sockets
    for index in range(len(shown.groups.levels[-1])):
        line = Line("group", len(keys) - 1, index)
        found = line_filter(lines, line).mask(table).nonzero()[0]
        assert sorted(rows_of(lines, line).tolist()) == found.tolist(), line_text(lines, line, UNICODE)


def test_the_terminal_is_given_what_was_copied(server: Host) -> None:
    with server.entered(), Terminal(python("twtop"), supported=frozenset()) as terminal:
        terminal.wait_text("CLOSE-WAIT 3")
        command = "ss -tan state listening 'src 10.77.0.2:8080'"
        for keys, text in (("Gc", "1 0/128 ▸ 10.77.0.2:8080"), ("C", command)):
            terminal.output.clear()
            terminal.send(keys)
            terminal.wait("OSC 52", lambda: OSC_52.search(terminal.output))
            found = OSC_52.search(terminal.output)
            assert found
            assert b64decode(found[1]).decode().startswith(text)
