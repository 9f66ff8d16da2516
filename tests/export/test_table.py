from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.export.oracle import Endpoints, ss, twtop
from tests.warm import TWTOP
from twtop.core.states import IN_LIFE_ORDER

if TYPE_CHECKING:
    from twtop.lab.lab import Lab

STRIP_LINES = 3


def strip(text: str) -> dict[str, int]:
    above = text.partition("\n\n")[0]
    return {name: int(count) for name, count in re.findall(r"([A-Z][A-Z0-9-]*) (\d+)", above)}


def waiting(lab: Lab) -> int:
    return sum(row.state == "TIME-WAIT" for row in ss(lab.client).values())


def test_all_states_stand_first(every_state: Lab) -> None:
    before = waiting(every_state)
    text = twtop(every_state.client, "snapshot", "--filter", "state time-wait")
    after = waiting(every_state)
    states = strip(text)
    assert list(states) == [state.label for state in IN_LIFE_ORDER]
    # None ends within this test, but a repeated FIN may still get through and bring another.
    assert 0 < before <= states.pop("TIME-WAIT") <= after
    assert set(states.values()) == {0}
    assert max(map(len, text.splitlines()[:STRIP_LINES])) <= 80


def test_groups_stand_below_their_states(every_state: Lab) -> None:
    text = twtop(every_state.server, "snapshot", "--by", "state,local-port")
    title, *lines = text.partition("\n\n")[2].splitlines()
    assert title.split() == ["SOCKETS", "<10s", "LEFT", "0..life", "RQ/SQ", "STATE,", "LOCAL", "PORT"]
    counts = strip(text)
    outer = [line.split() for line in lines if not line.rpartition(":")[1]]
    assert {words[-1]: int(words[0]) for words in outer} == {
        name: count for name, count in counts.items() if count
    }
    inner = sum(int(line.split()[0]) for line in lines if re.search(r"  :\d+$", line))
    assert inner == sum(counts.values())


def test_a_limit_holds_for_every_level(every_state: Lab) -> None:
    text = twtop(every_state.client, "snapshot", "--by", "state,local", "--limit", "2")
    lines = text.partition("\n\n")[2].splitlines()[1:]
    depths = [len(line[len(" SOCKETS   <10s    LEFT  0..life     RQ/SQ") :]) for line in lines]
    assert len(lines) <= 2 + 2 * 3 + 1
    assert depths
    assert re.fullmatch(r" +\d+ more", lines[-1])


@pytest.mark.parametrize("limit", [None, 3])
def test_sockets_are_listed_as_ss_does(every_state: Lab, limit: int | None) -> None:
    arguments = [] if limit is None else ["--limit", str(limit)]
    text = twtop(every_state.client, "snapshot", "--sockets", "--filter", "state connected", *arguments)
    title, *lines = text.partition("\n\n")[2].splitlines()
    assert title.split()[:3] == ["STATE", "RECV-Q", "SEND-Q"]
    expected = ss(every_state.client, "state", "connected")
    if limit is not None:
        assert lines.pop() == f"{len(expected) - limit} more"
        assert len(lines) == limit
    shown: dict[Endpoints, list[str]] = {}
    for line in lines:
        state, rqueue, wqueue, local, remote, *rest = line.split()
        shown[local, remote] = rest
        row = expected[local, remote]
        assert (state, int(rqueue), int(wqueue)) == (row.state, row.rqueue, row.wqueue)
        assert rest[:1] == ([row.timer] if row.timer else [])
        # The time left stands in the last column, where a clock ends the socket.
        assert line.endswith("s") == (row.state == "TIME-WAIT" or row.timer == "timewait") or row.timer
    assert limit or shown.keys() == expected.keys()


def test_nothing_to_show_is_no_error(lab: Lab) -> None:
    assert twtop(lab.client, "snapshot").endswith("STATE, PEER\n")
    assert twtop(lab.client, "snapshot", "--sockets").endswith("LEFT\n")
    assert strip(twtop(lab.client, "snapshot", "--sockets")).keys() == {s.label for s in IN_LIFE_ORDER}


@pytest.mark.parametrize(("locale", "levels"), [("C.UTF-8", "▁▂▃▄▅▆▇█"), ("C", ".:-=+*#@")])
def test_sparklines_need_a_fitting_locale(every_state: Lab, locale: str, levels: str) -> None:
    command = ["env", "-u", "LC_CTYPE", "-u", "LANG", f"LC_ALL={locale}"]
    text = every_state.client.run([*command, *TWTOP, "snapshot", "--filter", "time-wait"]).stdout
    assert any(level in text.partition("\n\n")[2] for level in levels)
    assert text.isascii() == (locale == "C")
