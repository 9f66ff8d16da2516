"""Looks come back as they were, whatever happened between them."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.core.build import crowd, later, snapshots, table
from tests.recording.codec.sameness import assert_same, assert_same_moment, told
from twtop.core.changes import follow
from twtop.core.counters import Counters
from twtop.core.owners.certainty import Certainty
from twtop.core.owners.owner import NOBODY, Owner
from twtop.core.owners.registry import Registry
from twtop.core.settings import Setting
from twtop.core.snapshot import Snapshot, snapshot
from twtop.core.sockets import DTYPES, Sockets, identity_of
from twtop.core.states import State, Timer
from twtop.core.sysctls import Sysctls
from twtop.core.tcp_info import TcpInfo
from twtop.errors import RecordingError
from twtop.recording.codec.decoder import Decoder
from twtop.recording.codec.encoder import Encoder
from twtop.recording.codec.layout import CHANGING, COLUMNS

if TYPE_CHECKING:
    from collections.abc import Sequence

NGINX = Owner(77, 1234, "nginx", 33, "www-data", "/system.slice/nginx.service", "nginx.service")
POSTGRES = Owner(5432, 2**63, "postgres", 2**32 - 2, "post\u00e9", "/a", "postgres.service")


class Wire:
    """An encoder and the decoder that hears all it says."""

    def __init__(self, registry: Registry | None = None) -> None:
        self.encoder = Encoder()
        self.decoder = Decoder(registry)
        self.bodies: list[bytes] = []

    def send(self, taken: Snapshot, *, key: bool = False) -> Snapshot:
        self.bodies.append(self.encoder.encode(taken, key=key))
        return self.decoder.decode(self.bodies[-1])


def whole(instant_s: float = 5.0) -> Snapshot:
    """Make a snapshot in which everything differs from what is there without being told."""
    registry = Registry()
    columns: dict[str, Sequence[int]] = {
        name: [1, 2] if name != "owner" else [registry.slot(NGINX), registry.slot(POSTGRES)]
        for name in DTYPES
    }
    columns |= {"family": [2, 10], "state": [State.TIME_WAIT, State.ESTAB], "timer": [3, 0]}
    columns["expires_ms"] = [64_000, 0]
    sockets = replace(table(**columns), owners=registry.table(), namespaces={1: "blue"})
    taken = snapshot(
        sockets,
        wall_s=1.7e9,
        instant_s=instant_s,
        reading_ms=30,
        sysctls=Sysctls({"net.ipv4.tcp_fin_timeout": "75", "a": "1 2"}, {"b": "permission denied"}),
        counters=Counters({"Tcp.MaxConn": -1, "TcpExt.Big": 2**64 - 1, "Tcp.Zero": 0}, ("snmp: gone",)),
        udp_ports=np.array([53, 65535, 53, 1], np.uint16),
        degraded=("no netlink",),
        unlisted="not here",
        configured={"net.ipv4.tcp_fin_timeout": Setting("30", "/etc/sysctl.conf")},
        tcp_info=reading([(1, State.ESTAB)], 4.5, lack="too many"),
        exact_cookies=False,
        own_session=(2, 2**64 - 1),
    )
    return replace(taken, owners_lack="owners of 1 of 2 sockets")


def reading(sockets: Sequence[tuple[int, int]], instant_s: float, lack: str | None = None) -> TcpInfo:
    """Return tcp_info of sockets, by cookies and states, that have received nothing since the instant 0."""
    cookies, states = [cookie for cookie, _ in sockets], [state for _, state in sockets]
    identity = np.sort(identity_of(np.array(cookies, np.uint64), np.array(states, np.uint8)))
    silent = np.full(len(identity), round(1000 * instant_s), np.uint32)
    return TcpInfo(identity, silent, np.arange(len(identity), dtype=np.uint8), instant_s, lack)


def test_every_field_comes_back() -> None:
    taken, nothing = whole(), snapshot(Sockets.empty())
    derived = {"sockets", "cookies", "server", "bundles", "left_ms"}
    for each in fields(Snapshot):
        if each.name not in derived:
            one, other = getattr(taken, each.name), getattr(nothing, each.name)
            assert not np.array_equal(one, other), f"{each.name} is not in this test"
    for each in fields(TcpInfo):
        one, other = getattr(taken.tcp_info, each.name), getattr(nothing.tcp_info, each.name)
        assert not np.array_equal(one, other), f"{each.name} is not in this test"
    assert {each.name for each in fields(Sockets)} - DTYPES.keys() == {"owners", "labels", "namespaces"}
    assert not set(zip(NGINX, NOBODY, strict=True)) & set(zip(NOBODY, NOBODY, strict=True))
    wire = Wire()
    assert_same(taken, wire.send(taken, key=True))
    assert_same(nothing, Wire().send(nothing))
    assert_same(replace(nothing, instant_s=6), wire.send(replace(nothing, instant_s=6)))
    assert_same(whole(7), wire.send(whole(7)))


def test_every_column_is_recorded() -> None:
    assert {*COLUMNS, "cookie"} == DTYPES.keys(), "another list of columns is another version of the layout"
    assert len({*COLUMNS, "cookie"}) == len(COLUMNS) + 1


@pytest.mark.parametrize("name", [name for name in CHANGING if name != "owner"])
def test_every_column_may_change_by_itself(name: str) -> None:
    columns: dict[str, Any] = {"state": [1] * 9, "cookie": range(50, 59)}
    wire = Wire()
    wire.send(snapshot(table(**columns)), key=True)
    for rows in ([0, 8], range(9), [4]):
        old = columns.get(name, [0] * 9)
        columns[name] = [5 - value if row in rows else value for row, value in enumerate(old)]
        taken = snapshot(table(**columns))
        assert_same(taken, wire.send(taken))
    assert max(map(len, wire.bodies[1:])) < len(wire.bodies[0])


@settings(max_examples=60)
@given(
    snapshots,
    st.lists(st.tuples(st.integers(0, 2**32), st.sampled_from((0, 1, 60)), st.integers(0, 4)), max_size=5),
)
def test_whatever_happens(first: Snapshot, steps: Sequence[tuple[int, int, int]]) -> None:
    wire = Wire()
    live, replayed = follow(None, first), follow(None, wire.send(first))
    assert_same_moment(live, replayed)
    for seed, count, kind in steps:
        now = later(live.snapshot, seed, count)
        if kind == 0:
            now = snapshot(now.sockets.take(slice(0, 0)), instant_s=now.instant_s)
        elif kind == 1:
            # All others, and cookies that are not the kernel's.
            now = snapshot(crowd(seed, count), instant_s=now.instant_s, exact_cookies=False)
        live, replayed = follow(live, now), follow(replayed, wire.send(now, key=kind == 2))
        assert_same_moment(live, replayed)


def test_rows_whose_states_alternate() -> None:
    wire = Wire()
    for look in range(4):
        states = [State.ESTAB if (row + look) % 2 else State.TIME_WAIT for row in range(500)]
        taken = snapshot(
            table(
                state=states,
                timer=[Timer.TIMEWAIT if state == State.TIME_WAIT else Timer.OFF for state in states],
                inode=[0 if state == State.TIME_WAIT else 7 for state in states],
                expires_ms=[9_000 if state == State.TIME_WAIT else 0 for state in states],
            ),
            instant_s=look,
        )
        assert_same(taken, wire.send(taken))


def test_another_socket_with_the_same_cookie() -> None:
    wire = Wire()
    for port in (80, 81):
        taken = snapshot(table(state=[1, 1], remote_port=[port, 443]))
        assert_same(taken, wire.send(taken))


def test_survivors_keep_their_order_and_others_come_behind() -> None:
    wire = Wire()
    orders = []
    for cookies in ([5, 3, 9, 7], [8, 9, 3, 7, 2]):
        replayed = wire.send(snapshot(table(state=[1] * len(cookies), cookie=cookies)))
        orders.append(replayed.sockets.cookie.tolist())
    assert orders == [[3, 5, 7, 9], [3, 7, 9, 2, 8]]


def test_who_skips_looks_sees_the_last_one_all_the_same() -> None:
    encoder, decoder = Encoder(), Decoder()
    taken = snapshot(crowd(3, 80))
    for seed in range(4):
        decoder.skip(encoder.encode(taken, key=False))
        taken = later(taken, seed, 20)
    assert_same(taken, decoder.decode(encoder.encode(taken, key=False)))


def owned(registry: Registry, owners: Sequence[Owner]) -> Snapshot:
    slots = [registry.slot(owner) for owner in owners]
    certainty = [Certainty.UNKNOWN if owner == NOBODY else Certainty.HELD for owner in owners]
    sockets = table(state=[1] * len(owners), owner=slots, certainty=certainty)
    return snapshot(replace(sockets, owners=registry.table()))


def test_owners_come_are_forgotten_and_others_take_their_slots() -> None:
    registry, wire = Registry(), Wire()
    for owners in ([NOBODY, NGINX], [NGINX, NGINX], [POSTGRES, NGINX], [NOBODY, NOBODY], [POSTGRES, NOBODY]):
        taken = owned(registry, owners)
        assert_same(taken, wire.send(taken))
        registry.prune([taken.sockets.owner])
    # In the slot that postgres had.
    taken = owned(registry, [NGINX._replace(pid=78), NOBODY])
    assert_same(taken, wire.send(taken))


def test_namespaces_side_by_side_share_a_registry() -> None:
    registry, shared = Registry(), Registry()
    blue, red = Wire(shared), Wire(shared)
    one = blue.send(owned(registry, [NGINX]))
    other = red.send(owned(registry, [POSTGRES, NGINX]))
    assert other.sockets.owners.records[int(one.sockets.owner[0])] == NGINX
    assert other.sockets.owner[1] == one.sockets.owner[0]


def test_an_owner_is_told_once_in_a_chapter() -> None:
    registry, wire = Registry(), Wire()
    taken = owned(registry, [NGINX])
    for _ in range(3):
        wire.send(taken)
    first, *others = (len(body) for body in wire.bodies)
    assert max(others) < first / 2


counters = st.dictionaries(
    st.sampled_from(["Tcp.A", "Tcp.B", "TcpExt.C", "sockstat.D"]), st.integers(-(2**63), 2**64 - 1)
)


@settings(max_examples=40)
@given(st.lists(counters, min_size=1, max_size=5))
def test_counters_come_rise_fall_and_vanish(values: Sequence[dict[str, int]]) -> None:
    wire = Wire()
    for each in values:
        taken = snapshot(Sockets.empty(), counters=Counters(each))
        assert_same(taken, wire.send(taken))


pairs = st.tuples(st.integers(0, 30), st.sampled_from((State.ESTAB, State.CLOSE_WAIT)))


@settings(max_examples=40)
@given(st.lists(st.tuples(st.lists(pairs, max_size=8), st.floats(0, 2**22)), min_size=1, max_size=5))
def test_tcp_info_of_any_sockets_at_any_time(
    readings: Sequence[tuple[Sequence[tuple[int, int]], float]],
) -> None:
    wire = Wire()
    for sockets, instant_s in readings:
        taken = snapshot(Sockets.empty(), tcp_info=reading(sockets, instant_s))
        assert told(wire.send(taken).tcp_info) == told(taken.tcp_info)
        # The reading of the look before is told of no more.
        assert_same(taken, wire.send(taken))
        assert len(wire.bodies[-1]) <= len(wire.bodies[-2])


@settings(max_examples=40)
@given(st.lists(st.none() | st.lists(st.integers(0, 65535), max_size=5), min_size=1, max_size=6))
def test_udp_ports_known_or_not(known: Sequence[Sequence[int] | None]) -> None:
    wire = Wire()
    for ports in known:
        udp_ports = None if ports is None else np.array(ports, np.uint16)
        taken = snapshot(Sockets.empty(), udp_ports=udp_ports)
        assert_same(taken, wire.send(taken))


def test_texts_from_strangers_are_fit_for_a_terminal() -> None:
    registry, wire = Registry(), Wire()
    taken = owned(registry, [Owner(1, 1, "a\nb\x1b[2J"), NOBODY])
    replayed = wire.send(replace(taken, degraded=("\x1b]0;owned\x07",)))
    assert replayed.sockets.owner_at(0).command == "a?b?[2J"
    assert replayed.degraded == ("?]0;owned?",)


def test_a_look_needs_those_since_the_key_look() -> None:
    wire = Wire()
    for _ in range(3):
        wire.send(whole())
    key, first, second = wire.bodies
    with pytest.raises(RecordingError, match="does not follow the look before it"):
        Decoder().decode(first)
    decoder = Decoder()
    decoder.skip(key)
    with pytest.raises(RecordingError, match="does not follow the look before it"):
        decoder.decode(second)
    decoder.skip(first)
    assert_same(whole(), decoder.decode(second))


def test_more_sockets_than_fit_are_refused_and_the_next_look_stands_for_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("twtop.recording.codec.encoder.MOST_ROWS", 1)
    wire = Wire()
    few = snapshot(table(state=[1]))
    wire.send(few)
    with pytest.raises(RecordingError, match="more than 1 sockets cannot be recorded"):
        wire.send(whole())
    assert_same(few, Wire().decoder.decode(wire.encoder.encode(few, key=False)))
