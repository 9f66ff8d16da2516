"""What the doctor makes of rules that see, do not see, and see again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from typing import Final

import numpy as np
import pytest

from tests.core.build import table
from tests.knowledge.hosts import host
from twtop.core.changes import Moment, follow
from twtop.core.counter_history import CounterHistory
from twtop.core.counters import Counters
from twtop.core.filter import parse
from twtop.core.owners.owner import Owner
from twtop.core.owners.registry import Registry
from twtop.core.ports.history import PortHistory
from twtop.core.ports.usage import port_usage
from twtop.core.snapshot import snapshot
from twtop.core.sockets import Sockets
from twtop.core.states import State
from twtop.diagnosis.doctor import LINGER_S, Doctor
from twtop.diagnosis.evidence import Evidence
from twtop.diagnosis.finding import Finding, Severity
from twtop.diagnosis.rule import Rule, Symptom
from twtop.diagnosis.rules import RULES

Look = Callable[[Evidence], Iterable[Symptom]]
RESETS: Final = "Tcp.EstabResets"


def rule(
    find: Look, *, name: str = "ill", snapshots: int = 1, inputs: tuple[str, ...] = ("sockets",)
) -> Rule:
    return Rule(
        name=name,
        title="",
        threshold="",
        inputs=inputs,
        find=find,
        cause="",
        check=(),
        remedies=(),
        dont=(),
        snapshots=snapshots,
    )


def symptom(subject: str = "", severity: Severity = Severity.NOTE, headline: str = "") -> Symptom:
    return Symptom(severity, headline, subject=subject)


def at(times: Iterable[float], *symptoms: Symptom) -> Look:
    """See these symptoms at some instants."""
    chosen = set(times)

    def find(evidence: Evidence) -> Iterable[Symptom]:
        return symptoms if evidence.snapshot.instant_s in chosen else ()

    return find


class Round:
    """A doctor whose patient is looked at."""

    def __init__(self, *rules: Rule) -> None:
        self._doctor = Doctor(rules)
        self._counters = CounterHistory()
        self._before: Moment | None = None

    def at(
        self, second: float, counters: Counters | None = None, sockets: Sockets | None = None
    ) -> tuple[Finding, ...]:
        taken = snapshot(sockets or Sockets.empty(), instant_s=second, counters=counters)
        self._before = follow(self._before, taken)
        course = self._counters.add(second, taken.counters)
        return self._doctor.examine(self._before, port_usage(taken), PortHistory(), course, host())

    def told(self, seconds: Iterable[float]) -> list[list[tuple[float, float | None]]]:
        """Return for each second how long each finding is known, and since when it is over."""
        return [[(found.known_s, found.over_s) for found in self.at(second)] for second in seconds]


def test_what_is_seen_is_told_at_once_with_how_long_it_is_known() -> None:
    assert Round(rule(at(range(1, 4), symptom()))).told(range(4)) == [
        [],
        [(0, None)],
        [(1, None)],
        [(2, None)],
    ]


def test_over_it_lingers_and_then_is_gone() -> None:
    seen = Round(rule(at([0, 1, 2], symptom())))
    told = seen.told([0, 1, 2, 3, 2 + LINGER_S, 2 + LINGER_S + 0.5])
    assert told[2:] == [[(2, None)], [(2, 1)], [(2, LINGER_S)], []]


def test_back_within_that_time_it_is_the_same_finding() -> None:
    told = Round(rule(at([0, 1, 4, 20], symptom()))).told([0, 1, 2, 4, 5, 19, 20])
    assert told == [[(0, None)], [(1, None)], [(1, 1)], [(4, None)], [(4, 1)], [], [(0, None)]]


def test_a_noisy_rule_waits_for_as_many_snapshots_as_it_wants() -> None:
    told = Round(rule(at([0, 1, 2, 3], symptom()), snapshots=3)).told(range(5))
    assert told == [[], [], [(2, None)], [(3, None)], [(3, 1)]]


def test_it_waits_for_snapshots_one_after_the_other() -> None:
    told = Round(rule(at([0, 2, 4, 5, 6], symptom()), snapshots=2)).told(range(7))
    assert told == [[], [], [], [], [], [(1, None)], [(2, None)]]


def test_once_told_it_does_not_wait_again_while_it_lingers() -> None:
    told = Round(rule(at([0, 1, 3], symptom()), snapshots=2)).told(range(4))
    assert told == [[], [(1, None)], [(1, 1)], [(3, None)]]


def test_of_two_symptoms_of_one_subject_the_first_counts_and_once() -> None:
    worse = symptom("port 80", Severity.CRITICAL, "worse")
    seen = Round(rule(at(range(3), worse, symptom("port 80")), snapshots=3))
    assert [seen.at(0), seen.at(1)] == [(), ()]
    assert [found.headline for found in seen.at(2)] == ["worse"]


def test_subjects_come_and_go_by_themselves() -> None:
    def find(evidence: Evidence) -> Iterator[Symptom]:
        yield symptom("a")
        if evidence.snapshot.instant_s == 1:
            yield symptom("b")

    seen = Round(rule(find))
    told = [{found.subject: found.over_s for found in seen.at(second)} for second in (0, 1, 2, 8)]
    assert told == [{"a": None}, {"a": None, "b": None}, {"a": None, "b": 1}, {"a": None}]


def test_the_worst_comes_first_then_by_rule_and_subject_and_last_what_is_over() -> None:
    note, warning, critical = sorted(Severity)
    seen = Round(
        rule(at([0, 1], symptom("b", note), symptom("a", note)), name="first"),
        rule(at([0, 1], symptom("c", critical), symptom("d", warning)), name="second"),
        rule(at([0], symptom("e", critical)), name="third"),
    )
    seen.at(0)
    assert [found.subject for found in seen.at(1)] == ["c", "d", "a", "b", "e"]


def test_the_newest_numbers_are_told() -> None:
    def find(evidence: Evidence) -> Iterator[Symptom]:
        second = evidence.snapshot.instant_s
        if second < 2:
            yield symptom("", Severity.CRITICAL if second else Severity.NOTE, f"at {second}")

    seen = Round(rule(find))
    told = [[(found.headline, found.severity) for found in seen.at(second)] for second in range(3)]
    assert told[1:] == [[("at 1", Severity.CRITICAL)]] * 2


@pytest.mark.parametrize("needed", ["TcpExt.NotThere", "net.ipv4.not_there"])
def test_a_rule_is_not_asked_where_the_kernel_cannot_feed_it(needed: str) -> None:
    def find(_: Evidence) -> Iterable[Symptom]:
        pytest.fail("asked")

    assert Round(rule(find, inputs=("sockets", needed))).at(0) == ()


def test_rates_are_of_the_last_ten_seconds_and_the_past_of_the_last_minute_or_one_look() -> None:
    rates: list[float] = []
    past: list[int] = []

    def find(evidence: Evidence) -> Iterable[Symptom]:
        rates.append(evidence.rate(RESETS))
        past.append(len(evidence.past))
        return ()

    seen = Round(rule(find))
    for second, resets in ((0, 0), (5, 10), (10, 10), (15, 10), (20, 60), (75, 60), (200, 60)):
        seen.at(second, Counters({RESETS: resets}))
    assert rates == [0, 2, 1, 0, 5, 0, 0]
    assert past == [0, 1, 2, 3, 4, 2, 1]


def test_no_rule_finds_anything_where_there_is_nothing() -> None:
    seen = Round(*RULES.values())
    assert [seen.at(second) for second in range(3)] == [(), (), ()]


@pytest.mark.parametrize("apart_s", [1, 60.5, 300])
def test_what_stays_is_found_however_seldom_somebody_looks(apart_s: float) -> None:
    """Prometheus looks once a minute unless told otherwise."""
    full = table(state=[State.LISTEN], cookie=[7], local_port=[8080], rqueue=[5], wqueue=[4])
    seen = Round(RULES["accept-queue-full"])
    assert seen.at(0, Counters({"TcpExt.ListenOverflows": 0}), full) == ()
    (found,) = seen.at(apart_s, Counters({"TcpExt.ListenOverflows": 0}), full)
    assert found.severity is Severity.WARNING


def test_a_finding_goes_on_where_a_rule_of_its_family_takes_over() -> None:
    """Ports run out soon, then connect() is slow, then it fails: one trouble, however its name changes."""
    first = replace(rule(at([1, 2], symptom("x")), name="soon"), family="ports")
    then = replace(rule(at([3, 4], symptom("x")), name="slow"), family="ports")
    round_ = Round(first, then)
    told = [round_.at(instant) for instant in (1, 2, 3, 4)]
    assert [[finding.rule for finding in findings] for findings in told] == [["soon"]] * 2 + [["slow"]] * 2
    assert [findings[0].known_s for findings in told] == [0, 1, 2, 3]


def test_one_on_the_border_of_two_severities_is_told_as_the_worse_one() -> None:
    def find(evidence: Evidence) -> Iterator[Symptom]:
        full = evidence.snapshot.instant_s in {0, 2, 4}
        yield symptom("", Severity.CRITICAL if full else Severity.WARNING)

    seen = Round(rule(find))
    told = {second: seen.at(second)[0].severity for second in (0, 1, 2, 3, 4, 5, 4 + LINGER_S, 5 + LINGER_S)}
    assert told.pop(5 + LINGER_S) is Severity.WARNING
    assert set(told.values()) == {Severity.CRITICAL}


def test_another_rule_of_the_family_says_how_bad_it_is_at_once() -> None:
    failing = replace(rule(at([1], symptom("x", Severity.CRITICAL)), name="failing"), family="ports")
    slow = replace(rule(at([2], symptom("x", Severity.WARNING)), name="slow"), family="ports")
    seen = Round(failing, slow)
    assert [seen.at(second)[0].severity for second in (1, 2)] == [Severity.CRITICAL, Severity.WARNING]


def test_a_finding_names_the_owner_of_its_sockets() -> None:
    registry = Registry()
    slots = [registry.slot(Owner(pid, pid, "php-fpm")) for pid in (7, 7, 7, 8)]
    sockets = replace(
        table(state=[8, 8, 8, 1, 1], local_port=[80] * 5),
        owner=np.array([*slots, 0], np.uint32),
        certainty=np.array([1, 1, 1, 1, 0], np.uint8),
        owners=registry.table(),
    )
    leak = Symptom(Severity.NOTE, "", evidence=("3 of them",), sockets=parse("close-wait"))
    both = Symptom(Severity.NOTE, "", subject="both", sockets=parse("sport = :80"))
    none = Symptom(Severity.NOTE, "", subject="none", sockets=parse("time-wait"))
    telling = replace(rule(at([1], leak, both, none)), owners="held by")
    found = {finding.subject: finding.evidence for finding in Round(telling).at(1, sockets=sockets)}
    assert found == {"": ("3 of them", "held by php-fpm[7]"), "both": ("held by php-fpm[7] 60%",), "none": ()}
    (silent,) = Round(rule(at([1], leak))).at(1, sockets=sockets)
    assert silent.evidence == ("3 of them",)
    (unasked,) = Round(replace(telling, find=at([1], leak))).at(1, sockets=table(state=[8]))
    assert unasked.evidence == ("3 of them",)
