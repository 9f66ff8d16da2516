"""What all rules cost on every tick, and which of them the most."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.bench.report import Figure, Target, milliseconds, show, where
from tests.bench.snapshot import Stopwatch
from twtop.core.changes import Moment, follow, new_connections
from twtop.core.counter_history import CounterHistory
from twtop.core.ports.history import PortHistory
from twtop.core.ports.usage import port_usage
from twtop.diagnosis.doctor import Doctor
from twtop.diagnosis.rules import RULES
from twtop.knowledge.facts import host_facts
from twtop.lab.bulk import alternating, time_waits, time_waits_at_server
from twtop.lab.lab import Lab
from twtop.lab.namespaces import require_namespaces
from twtop.sources.live import LiveSource

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.diagnosis.evidence import Evidence
    from twtop.diagnosis.rule import Rule, Symptom
    from twtop.lab.host import Host

_EXAMINE: Final = Target(5)
_COSTLIEST: Final = 6
_EVERY_S: Final = 0.2
_AT_ONE_SERVER: Final = 100_000
"""More take the lab longer to make than they live."""


def run(sockets: int, rounds: int) -> None:
    """Make the sockets, of several kinds, and print what it costs to examine them."""
    require_namespaces()
    print(f"medians of {rounds} rounds, one in {_EVERY_S} s; {where()}")
    with Lab() as lab:
        time_waits(lab.client, sockets)
        _report("TIME-WAIT sockets of clients", lab.client, rounds)
    with Lab() as lab:
        time_waits_at_server(lab, min(sockets, _AT_ONE_SERVER))
        _report("TIME-WAIT sockets at one server port", lab.server, rounds)
    with Lab() as lab:
        alternating(lab.client, sockets // 3)
        _report("sockets in FIN-WAIT-2 and CLOSE-WAIT", lab.client, rounds)


class _Measured(NamedTuple):
    clock: Stopwatch
    asked: frozenset[str]
    """The rules that this namespace can feed."""
    sockets: int
    found: tuple[str, ...]


def _report(what: str, host: Host, rounds: int) -> None:
    with host.entered():
        measured = _measure(rounds)
    clock = measured.clock
    examine, take = clock["examine"], clock["take"]
    by_cost = sorted(measured.asked, key=lambda name: clock[name], reverse=True)
    rules = sum(clock[name] for name in by_cost)
    show(
        f"{measured.sockets:,} {what}; found: {', '.join(measured.found) or 'nothing'}",
        [
            Figure.of("all rules, what they share and remember", 1000 * examine, "ms", _EXAMINE),
            Figure("take a snapshot, for comparison", milliseconds(take)),
            Figure("  examine / take", f"{examine / take:.3f}"),
            Figure(f"of it: {len(by_cost)} rules", milliseconds(rules)),
            *(Figure(f"    of it: {name}", milliseconds(clock[name])) for name in by_cost[:_COSTLIEST]),
        ],
    )


def _measure(rounds: int) -> _Measured:
    """Measure in the calling thread's namespace, after one round that warms up.

    What several rules look at costs the one that looks first.
    """
    clock = Stopwatch()
    history, counter_history = PortHistory(), CounterHistory()
    before: Moment | None = None
    asked: set[str] = set()

    def timed(rule: Rule) -> Rule:
        def find(evidence: Evidence) -> Iterator[Symptom]:
            asked.add(rule.name)
            with clock.time(rule.name):
                found = list(rule.find(evidence))
            yield from found

        return replace(rule, find=find)

    doctor = Doctor(map(timed, RULES.values()))
    with LiveSource() as source:
        for number in range(rounds + 1):
            if number == 1:
                clock = Stopwatch()
            due = time.monotonic() + _EVERY_S
            with clock.time("take"):
                taken = source.take()
            moment = before = follow(before, taken)
            ports = port_usage(taken)
            history.add(taken.instant_s, ports, taken.sockets, new_connections(moment))
            course = counter_history.add(taken.instant_s, taken.counters)
            facts = host_facts(taken, source.host.kernel, namespaced=source.host.namespaced)
            with clock.time("examine"):
                findings = doctor.examine(moment, ports, history, course, facts)
            time.sleep(max(0.0, due - time.monotonic()))
    found = tuple(dict.fromkeys(finding.rule for finding in findings))
    return _Measured(clock, frozenset(asked), len(taken.sockets), found)
