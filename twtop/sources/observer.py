"""What follows from snapshots taken one after the other, wherever they come from."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from twtop.core.changes import Moment, follow, new_connections
from twtop.core.counter_history import CounterCourse, CounterHistory
from twtop.core.flow_history import Flow, FlowHistory
from twtop.core.names.labels import NO_LABELS, Labels
from twtop.core.owners.attribution import Attributor
from twtop.core.owners.registry import Registry
from twtop.core.ports.history import PortHistory
from twtop.core.ports.usage import Ports, port_usage
from twtop.core.state_log import StateLog
from twtop.diagnosis.doctor import Doctor
from twtop.knowledge.facts import host_facts

if TYPE_CHECKING:
    from twtop.core.owners.holdings import Holdings
    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import U32
    from twtop.diagnosis.finding import Finding
    from twtop.kernel.host import HostInfo
    from twtop.kernel.sockdiag.one_socket import SocketReader
    from twtop.knowledge.facts import HostFacts


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One moment and what follows from it."""

    host: HostInfo
    moment: Moment
    ports: Ports
    history: PortHistory
    flow: Flow
    counters: CounterCourse
    facts: HostFacts
    """What is said about the host."""
    findings: tuple[Finding, ...]
    """What is wrong or about to be, the worst first."""
    births: StateLog
    """Which socket came into which state, and when; goes on after this frame."""
    reader: SocketReader | None = None
    """Reads one socket of this namespace in full; None where that is impossible."""
    interval_s: float = 0.0
    """Time until the next snapshot; longer than asked for where the CPU budget demands it."""
    cpu_s: float = 0.0
    """CPU time that this frame cost, everything included."""

    @property
    def frames(self) -> tuple[Frame, ...]:
        """Itself, as `Panorama` has those of all its namespaces."""
        return (self,)

    @property
    def lacks(self) -> tuple[str, ...]:
        """What cannot be read, and why, one sentence each."""
        return self.moment.snapshot.lacks

    def frame_about(self, finding: Finding) -> Frame:
        """Return itself: what is found in it is about its namespace."""
        return self

    def at_cost(self, interval_s: float, cpu_s: float) -> Frame:
        """Return it with the time until the next one and what it cost."""
        return replace(self, interval_s=interval_s, cpu_s=cpu_s)


class Observer:
    """Turns the snapshots of one namespace into frames, in their order; for one thread."""

    def __init__(
        self,
        host: HostInfo,
        registry: Registry | None = None,
        reader: SocketReader | None = None,
        labels: Labels = NO_LABELS,
        *,
        examines: bool = True,
    ) -> None:
        """``examines`` tells whether anybody wants to know what is wrong, which costs the most."""
        self._host = host
        self._labels = labels
        self._reader = reader
        self._births = StateLog()
        self._attributor = Attributor(Registry() if registry is None else registry)
        self._history = PortHistory()
        self._flow_history = FlowHistory()
        self._counter_history = CounterHistory()
        self._doctor = Doctor() if examines else None
        self._before: Moment | None = None

    def owners_in_use(self) -> tuple[U32, ...]:
        """Return the slots of the registry that the next snapshot may name without being told."""
        last = () if self._before is None else (self._before.snapshot.sockets.owner,)
        return *last, *self._attributor.in_use()

    def observe(self, snapshot: Snapshot, holdings: Holdings | None = None) -> Frame:
        """Compare a snapshot with those before it; ``holdings``: what processes hold, if anybody looked."""
        snapshot = snapshot.labelled(self._labels)
        if holdings is None:
            moment = follow(self._before, snapshot)
        else:
            moment = follow(self._before, snapshot, partial(self._attributor.attribute, holdings=holdings))
        self._before, snapshot = moment, moment.snapshot
        self._births.add(moment)
        ports = port_usage(snapshot)
        self._history.add(snapshot.instant_s, ports, snapshot.sockets, new_connections(moment))
        flow = self._flow_history.add(moment)
        counters = self._counter_history.add(snapshot.instant_s, snapshot.counters)
        facts = host_facts(snapshot, self._host.kernel, namespaced=self._host.namespaced)
        findings: tuple[Finding, ...] = ()
        if self._doctor is not None:
            findings = self._doctor.examine(moment, ports, self._history, counters, facts)
        return Frame(
            self._host,
            moment,
            ports,
            self._history,
            flow,
            counters,
            facts,
            findings,
            self._births,
            self._reader,
        )
