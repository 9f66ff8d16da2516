"""The moments of several namespaces as one."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import crowd, rows_of, table, unhurried
from twtop.core.changes import Moment, follow
from twtop.core.filter import parse
from twtop.core.merging import Part, merged, naming
from twtop.core.snapshot import snapshot
from twtop.core.states import State, Timer
from twtop.core.table.keys import DEFAULT_KEYS_OF_ALL
from twtop.core.table.view import Spec, view
from twtop.core.timers import NO_END

if TYPE_CHECKING:
    from twtop.core.sockets import Sockets

NAMES = {11: "web", 12: "db"}


def moment(sockets: Sockets, instant_s: float = 100.0, before: Moment | None = None) -> Moment:
    return follow(before, snapshot(sockets, instant_s=instant_s))


@unhurried
@given(st.integers(0, 1000), st.integers(0, 40), st.integers(0, 40))
def test_every_socket_is_there_once_with_its_namespace(seed: int, first: int, second: int) -> None:
    parts = [Part(11, moment(crowd(seed, first))), Part(12, moment(crowd(seed + 1, second)))]
    whole = merged(parts, NAMES)
    expected = [
        replace(row, netns=part.number) for part in parts for row in rows_of(part.moment.snapshot.sockets)
    ]
    assert rows_of(whole.snapshot.sockets) == expected
    assert whole.snapshot.sockets.namespaces == NAMES
    counts = sum(part.moment.snapshot.state_counts() for part in parts)
    assert (whole.snapshot.state_counts() == counts).all()


@unhurried
@given(st.integers(0, 1000), st.integers(1, 40))
def test_groups_add_up(seed: int, count: int) -> None:
    parts = [Part(number, moment(crowd(seed + number, count))) for number in NAMES]
    shown = view(merged(parts, NAMES), Spec(keys=DEFAULT_KEYS_OF_ALL))
    top, *_ = shown.groups.levels
    sockets = shown.moment.snapshot.sockets
    found = {
        int(sockets.netns[row]): int(size) for row, size in zip(top.row, top.measures.sockets, strict=True)
    }
    assert found == {part.number: len(part.moment.snapshot.sockets) for part in parts}
    alike = view(merged(parts, NAMES), Spec(keys=("state",))).groups.levels[0]
    assert alike.measures.sockets.sum() == len(sockets)


def test_what_came_and_went_stays_what_it_is() -> None:
    old, new = table(state=[State.ESTAB] * 3), table(state=[State.ESTAB] * 2, cookie=[3, 4])
    part = Part(11, moment(new, 101.0, moment(old)))
    whole = merged([part, Part(12, moment(old, 101.0, moment(old)))], NAMES)
    assert whole.born.tolist() == [False, True, False, False, False]
    assert whole.gone.cookie.tolist() == [1, 2]
    assert whole.gone.netns.tolist() == [11, 11]
    assert whole.gone.namespaces == NAMES
    assert whole.seconds == 1.0


def test_times_left_are_those_of_the_latest_instant() -> None:
    states, timers = [State.TIME_WAIT, State.ESTAB], [Timer.TIMEWAIT, Timer.OFF]
    early = table(state=states, timer=timers, expires_ms=[5000, 0])
    late = table(state=[State.TIME_WAIT], timer=[Timer.TIMEWAIT], expires_ms=[5000])
    whole = merged([Part(11, moment(early, 100.0)), Part(12, moment(late, 102.0))], NAMES).snapshot
    assert whole.instant_s == 102.0
    assert whole.left_ms.tolist() == [3000, NO_END, 5000]
    assert whole.sockets.expires_ms.tolist() == [3000, 0, 5000]


def test_made_up_cookies_differ_by_namespace() -> None:
    sockets = table(state=[State.ESTAB], cookie=[77])
    made_up = [follow(None, snapshot(sockets, exact_cookies=False)) for _ in NAMES]
    whole = merged([Part(number, each) for number, each in zip(NAMES, made_up, strict=True)], NAMES)
    first, second = whole.snapshot.sockets.cookie.tolist()
    assert first != second
    assert not whole.snapshot.exact_cookies
    at, there = whole.snapshot.cookies.find(whole.snapshot.sockets.cookie)
    assert there.all()
    assert at.tolist() == [0, 1]


def test_of_nothing() -> None:
    whole = merged([], NAMES)
    assert len(whole.snapshot.sockets) == 0
    assert view(whole, Spec()).matching == 0


def test_no_number_of_one_namespace_is_that_of_all() -> None:
    whole = merged([Part(11, moment(crowd(1, 5)))], NAMES).snapshot
    assert len(whole.sysctls) == len(whole.counters) == 0
    assert whole.udp_ports is None


def test_a_sentence_names_its_namespace_once() -> None:
    assert naming("web", "it is gone") == "namespace web: it is gone"
    assert naming("web", naming("web", "it is gone")) == "namespace web: it is gone"


def test_owners_of_all_are_those_of_the_longest_table() -> None:
    parts = [Part(number, moment(table(state=[State.ESTAB], owner=[0]))) for number in NAMES]
    whole = merged(parts, NAMES).snapshot.sockets
    assert np.array_equal(whole.owner, [0, 0])


def test_what_is_missing_of_owners_names_the_namespace() -> None:
    moments = [moment(table(state=[State.ESTAB])) for _ in NAMES]
    for lacks, told in (((None, None), None), ((None, "b"), "db: b"), (("a", "b"), "web: a")):
        parts = [
            Part(number, replace(each, snapshot=replace(each.snapshot, owners_lack=lack)))
            for number, each, lack in zip(NAMES, moments, lacks, strict=True)
        ]
        assert merged(parts, NAMES).snapshot.owners_lack == (told and f"namespace {told}")


def test_filtered_by_namespace() -> None:
    sizes = {11: 3, 12: 2}
    parts = [Part(number, moment(table(state=[State.ESTAB] * size))) for number, size in sizes.items()]
    whole = merged(parts, NAMES)
    expected = {"netns = web": 3, "netns = 12": 2, "netns != web": 2, "netns = *b": 5, "netns = mail": 0}
    for text, count in expected.items():
        assert view(whole, Spec(filter=parse(text))).matching == count, text
    assert parse(str(parse("netns = web"))) == parse("netns = web")


def test_the_filter_of_one_namespace_alone() -> None:
    sockets = replace(table(state=[State.ESTAB]), namespaces={0: "web"})
    assert parse("netns = web").mask(sockets).all()
    assert not parse("netns = 0 or netns = db").mask(sockets).any()
