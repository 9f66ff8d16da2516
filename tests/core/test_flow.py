"""Transitions by cookie: against dictionaries, and with known numbers of real connections."""

from __future__ import annotations

import socket
import struct
from collections import Counter
from contextlib import ExitStack
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import later, moment_of, moments, rows_of, snapshots, table, unhurried
from tests.lab.oracle import eventually, states
from twtop.core.changes import follow
from twtop.core.flow import NOWHERE, STATES, steps, transitions
from twtop.core.flow_history import SAMPLES, FlowHistory
from twtop.core.snapshot import snapshot
from twtop.core.sockets import Sockets
from twtop.core.states import State
from twtop.sources.live import LiveSource

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twtop.core.changes import Moment
    from twtop.core.flow_history import Flow
    from twtop.core.snapshot import Snapshot
    from twtop.lab.host import Host, Socket
    from twtop.lab.lab import Lab

NOBODY = (NOWHERE, State.UNCONN, State.LISTEN)
ENDING = (State.FIN_WAIT_1, State.FIN_WAIT_2, State.CLOSING, State.LAST_ACK, State.TIME_WAIT)


def moved_slowly(before: Snapshot, now: Snapshot) -> Counter[tuple[int, int]]:
    old = {row.cookie: row.state for row in rows_of(before.sockets)}
    new = {row.cookie: row.state for row in rows_of(now.sockets)}
    pairs = Counter((old.get(cookie, NOWHERE), new.get(cookie, NOWHERE)) for cookie in old | new)
    return Counter({pair: count for pair, count in pairs.items() if pair[0] != pair[1]})


def opened_slowly(before: Snapshot, now: Snapshot) -> int:
    old = {row.cookie: row for row in rows_of(before.sockets)}
    opened = 0
    for row in rows_of(now.sockets):
        was = old.get(row.cookie)
        if row.state in NOBODY or (row.state == State.SYN_RECV and not row.inode):
            continue
        if was is None or was.state in NOBODY:
            opened += 1
        elif was.state != row.state:
            opened += row.state == State.SYN_SENT or (was.state == State.SYN_RECV and not was.inode)
    return opened


@unhurried
@given(snapshots, st.integers(0, 2**32), st.sampled_from((0, 1, 100)))
def test_moves_are_those_of_dictionaries(first: Snapshot, seed: int, count: int) -> None:
    now = later(first, seed, count)
    seen = transitions(follow(follow(None, first), now))
    moved = moved_slowly(first, now)
    pairs = ((old, new) for old in range(STATES) for new in range(STATES))
    assert Counter({pair: int(seen.moves[pair]) for pair in pairs if seen.moves[pair]}) == moved
    assert seen.opened == opened_slowly(first, now)
    assert seen.ended == sum(moved[NOWHERE, state] for state in ENDING)
    assert seen.failed == moved[State.SYN_SENT, NOWHERE] + moved[State.SYN_SENT, State.UNCONN]


@unhurried
@given(moments)
def test_split_into_steps_every_state_gains_and_loses_as_much_as_before(moment: Moment) -> None:
    seen = transitions(moment)
    gains = seen.moves.sum(axis=0) - seen.moves.sum(axis=1)
    assert (seen.passes.sum(axis=0) - seen.passes.sum(axis=1)).tolist() == gains.tolist()
    assert seen.passes.sum() >= seen.moves.sum()


def test_at_first_nothing_moves() -> None:
    seen = transitions(moment_of(table(state=list(State))))
    assert seen.moves.sum() == seen.passes.sum() == seen.opened == 0


@pytest.mark.parametrize(
    ("old", "new", "server", "way"),
    [
        (NOWHERE, State.ESTAB, False, [State.SYN_SENT]),
        (NOWHERE, State.ESTAB, True, [State.SYN_RECV]),
        (State.UNCONN, State.ESTAB, False, [State.SYN_SENT]),
        (State.UNCONN, State.LISTEN, True, []),
        (NOWHERE, State.TIME_WAIT, True, [State.SYN_RECV, State.ESTAB, State.FIN_WAIT_1]),
        (State.SYN_RECV, State.LAST_ACK, False, [State.ESTAB, State.CLOSE_WAIT]),
        (State.ESTAB, State.TIME_WAIT, False, [State.FIN_WAIT_1]),
        (State.FIN_WAIT_2, State.TIME_WAIT, False, []),
        (State.CLOSING, State.TIME_WAIT, False, []),
        (State.ESTAB, State.CLOSING, False, [State.FIN_WAIT_1]),
        (State.SYN_SENT, State.SYN_RECV, False, []),
        (State.TIME_WAIT, NOWHERE, False, []),
        (State.CLOSE_WAIT, NOWHERE, True, []),
        (State.ESTAB, State.SYN_SENT, False, []),
    ],
)
def test_a_jump_is_split_into_what_is_certain(old: int, new: int, server: bool, way: list[State]) -> None:
    passed = [old, *way, new]
    assert steps(old, new, server=server) == tuple(pairwise(passed))


def test_the_side_decides_how_a_new_connection_was_opened() -> None:
    listener = {"state": State.LISTEN, "local_port": 80, "cookie": 1}
    served, own = ({"state": State.ESTAB, "local_port": port, "cookie": port} for port in (80, 40_000))
    first = snapshot(table(**{name: [value] for name, value in listener.items()}))
    rows = [listener, served, own]
    now = snapshot(table(**{name: [row[name] for row in rows] for name in listener}), instant_s=1)
    passes = transitions(follow(follow(None, first), now)).passes
    for opener in (State.SYN_SENT, State.SYN_RECV):
        assert passes[NOWHERE, opener] == passes[opener, State.ESTAB] == 1


# The last ten seconds


def every_second(lists: Sequence[Sequence[int]], interval_s: float = 1.0) -> Flow:
    """Follow sockets with cookies 1, 2, ... through their states, and none where the state is 0."""
    history, moment = FlowHistory(), None
    for number, now in enumerate(lists):
        sockets = table(state=now) if now else Sockets.empty()
        moment = follow(moment, snapshot(sockets.take(sockets.state > 0), instant_s=number * interval_s))
        flow = history.add(moment)
    return flow


def test_rates_are_those_of_the_last_ten_seconds() -> None:
    waiting = [[State.ESTAB] * (40 - count) + [State.TIME_WAIT] * count for count in range(0, 40, 2)]
    flow = every_second(waiting)
    assert flow.seconds == pytest.approx(10)
    assert flow.rate(State.ESTAB, State.FIN_WAIT_1) == flow.rate(State.FIN_WAIT_1, State.TIME_WAIT)
    assert flow.rate(State.ESTAB, State.FIN_WAIT_1) == pytest.approx(2)
    assert flow.counts[State.TIME_WAIT] == 38
    assert flow.changes[State.TIME_WAIT] == -flow.changes[State.ESTAB] == 20


def test_there_is_nothing_to_say_of_one_snapshot() -> None:
    flow = every_second([[State.ESTAB]])
    assert flow.seconds == 0
    assert flow.counts[State.ESTAB] == 1
    assert not flow.rates.any()
    assert not flow.changes.any()


def test_an_interval_longer_than_the_window_is_taken_whole() -> None:
    flow = every_second([[], [State.ESTAB] * 3, [State.ESTAB]], interval_s=30)
    assert flow.seconds == 30
    assert flow.changes[State.ESTAB] == -2
    assert flow.rate(State.ESTAB, NOWHERE) == pytest.approx(2 / 30)


def test_no_more_than_the_last_samples_are_kept() -> None:
    flow = every_second([[State.ESTAB]] * 2 * SAMPLES, interval_s=0.1)
    assert flow.seconds == pytest.approx((SAMPLES - 1) * 0.1)


def test_without_counters_nothing_is_claimed_of_what_no_snapshot_shows() -> None:
    flow = every_second([[], [State.TIME_WAIT] * 5])
    assert flow.between.untraced is flow.between.failed is flow.resets is None
    assert flow.between.lived_and_died == flow.between.ended == flow.between.time_wait == 5


# On the real kernel


class Watch:
    """Follows both hosts of a lab."""

    def __init__(self, lab: Lab, sources: ExitStack) -> None:
        self._sources = {}
        for host in (lab.client, lab.server):
            with host.entered():
                self._sources[host.name] = sources.enter_context(LiveSource())
        self._moments: dict[str, Moment] = {}
        self._histories = {name: FlowHistory() for name in self._sources}

    def look(self, host: Host) -> Flow:
        with host.entered():
            taken = self._sources[host.name].take()
        moment = self._moments[host.name] = follow(self._moments.get(host.name), taken)
        return self._histories[host.name].add(moment)


@pytest.fixture
def watch(lab: Lab) -> Iterator[Watch]:
    with ExitStack() as sources:
        yield Watch(lab, sources)


def connect(lab: Lab, listener: Socket) -> tuple[Socket, Socket]:
    client = lab.client.connect(*listener.getsockname())
    return client, lab.server.accept(listener)


def close(first: Socket, second: Socket) -> None:
    first.close()
    second.recv(1)
    second.close()


def reset(first: Socket, second: Socket) -> None:
    first.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    first.close()
    second.close()


def per_snapshot(flow: Flow) -> dict[str, float]:
    between = flow.between
    assert between.untraced is not None
    assert between.failed is not None
    numbers = {
        "ended": between.ended,
        "waiting": between.time_wait,
        "untraced": between.untraced,
        "failed": between.failed,
    }
    return {name: round(number * flow.seconds) for name, number in numbers.items() if number}


@pytest.mark.parametrize(
    ("who", "client", "server"),
    [
        ("client", {"ended": 500, "waiting": 500}, {"untraced": 500}),
        ("server", {"untraced": 500}, {"ended": 500, "waiting": 500}),
        ("nobody", {"untraced": 500}, {"untraced": 500}),
    ],
)
def test_real_connections_between_two_snapshots_are_counted_to_the_last_one(
    lab: Lab, watch: Watch, who: str, client: dict[str, int], server: dict[str, int]
) -> None:
    listener = lab.server.listen(8080)
    stays = connect(lab, listener)
    for host in (lab.client, lab.server):
        # On a busy machine a delayed ACK may come last: a TIME-WAIT answers it, and the RST would end it.
        host.sysctl("net.ipv4.tcp_rfc1337", 1)
        watch.look(host)
    for _ in range(500):
        pair = connect(lab, listener)
        (reset if who == "nobody" else close)(*(pair[::-1] if who == "server" else pair))
    staying = [connect(lab, listener) for _ in range(20)]
    close(*stays)
    eventually(lambda: states(lab.server)["LAST-ACK"], 0)
    seen = {host.name: watch.look(host) for host in (lab.client, lab.server)}
    assert per_snapshot(seen["client"]) == client
    assert per_snapshot(seen["server"]) == server
    assert seen["client"].counts[State.ESTAB] == seen["server"].counts[State.ESTAB] == len(staying)
    for name, opener in (("client", State.SYN_SENT), ("server", State.SYN_RECV)):
        flow = seen[name]
        opened = round(flow.rate(opener, State.ESTAB) * flow.seconds)
        assert opened == round(flow.rate(NOWHERE, opener) * flow.seconds) == 20 + (500 if who == name else 0)
    # Among so many resets one that closed in order cannot be told from them.
    last = State.ESTAB if who == "nobody" else State.LAST_ACK
    assert round(seen["server"].rate(last, NOWHERE) * seen["server"].seconds) == 1


def test_real_connections_that_the_peer_closes_first_are_told_from_resets(lab: Lab, watch: Watch) -> None:
    listener = lab.server.listen(8080)
    pairs = [connect(lab, listener) for _ in range(12)]
    pairs[0][0].close()
    eventually(lambda: states(lab.server)["CLOSE-WAIT"], 1)
    watch.look(lab.server)
    for number, (first, second) in enumerate(pairs):
        (reset if number > 8 else close)(first, second)
    eventually(lambda: states(lab.server)["ESTAB"] + states(lab.server)["LAST-ACK"], 0)
    flow = watch.look(lab.server)
    steps = {
        (State.ESTAB, State.CLOSE_WAIT): 8,
        (State.CLOSE_WAIT, State.LAST_ACK): 9,
        (State.LAST_ACK, NOWHERE): 9,
        (State.ESTAB, NOWHERE): 3,
        (State.CLOSE_WAIT, NOWHERE): 0,
    }
    assert {step: round(flow.rate(*step) * flow.seconds) for step in steps} == steps


def test_real_attempts_that_are_refused_did_not_live(lab: Lab, watch: Watch) -> None:
    watch.look(lab.client)
    for _ in range(50):
        with pytest.raises(ConnectionRefusedError):
            lab.client.connect(lab.server.address(), 9)
    assert per_snapshot(watch.look(lab.client)) == {"failed": 50}


def test_over_loopback_both_ends_count(lab: Lab, watch: Watch) -> None:
    listener = lab.client.listen(8080)
    watch.look(lab.client)
    for _ in range(50):
        client = lab.client.connect(*listener.getsockname())
        close(client, lab.client.accept(listener))
    assert per_snapshot(watch.look(lab.client)) == {"ended": 50, "waiting": 50, "untraced": 50}


def test_a_real_handshake_that_takes_long_is_opened_once(lab: Lab, watch: Watch) -> None:
    for host in (lab.client, lab.server):
        watch.look(host)
    route = lab.route(private=True)
    route.cut("server->client")
    listener = route.listen()
    for _ in range(3):
        route.connect(listener.getsockname()[1], wait=False)
    totals: Counter[tuple[str, int, int]] = Counter()

    def established() -> int:
        flows = {host.name: watch.look(host) for host in (lab.client, lab.server)}
        for name, flow in flows.items():
            for opener in (State.SYN_SENT, State.SYN_RECV):
                totals[name, opener, State.ESTAB] = round(flow.rate(opener, State.ESTAB) * flow.seconds)
        return int(flows["server"].counts[State.ESTAB])

    assert established() == 0
    route.heal("server->client")
    eventually(established, 3)
    # The client was looked at before the server, perhaps a moment too early.
    established()
    assert totals["client", State.SYN_SENT, State.ESTAB] == 3
    assert totals["server", State.SYN_RECV, State.ESTAB] == 3
    # One that opens between dump and counters is ahead of its sighting until the next snapshot.
    assert established() == 3
    assert [per_snapshot(watch.look(host)) for host in (lab.client, lab.server)] == [{}, {}]
