"""What an explanation is about: this host, and the row under the cursor."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from twtop.core.states import timer_label
from twtop.knowledge.conditions import Facts, Value, value_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twtop.core.signature import Inode, Role, RowSignature
    from twtop.core.snapshot import Snapshot

_INODES: Final[Mapping[Inode, tuple[Value, ...]]] = {
    "zero": ("zero",),
    "nonzero": ("nonzero",),
    "mixed": ("zero", "nonzero"),
}
_ROLES: Final[Mapping[Role, tuple[Value, ...]]] = {
    "client": ("client",),
    "server": ("server",),
    "mixed": ("client", "server"),
}


@dataclass(frozen=True, slots=True)
class HostFacts:
    """The host whose sockets are explained, at one instant.

    `sysctls` maps dotted names to their text, `unreadable` names that exist but could not be read to the
    reason; a name in neither does not exist here. `time_wait_ms` is the length of TIME-WAIT, as
    `twtop.core.timers.longest_life_ms` tells it. `namespaced`: the network namespace is not the host's
    first, which hides some machine-wide sysctls from it.
    """

    sysctls: Mapping[str, str] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    release: str = ""
    time_wait_ms: int = 60_000
    namespaced: bool = False
    namespace: str = ""
    """The network namespace that is meant, where the reader sees several."""


def host_facts(snapshot: Snapshot, release: str, *, namespaced: bool) -> HostFacts:
    """Gather what is said about the host of a snapshot."""
    return HostFacts(
        sysctls=snapshot.sysctls,
        unreadable=snapshot.sysctls.unreadable,
        release=release,
        time_wait_ms=snapshot.life_ms,
        namespaced=namespaced,
    )


def facts_of(host: HostFacts, row: RowSignature | None = None) -> Facts:
    """Return everything conditions may ask about a host and, if given, a row."""
    facts: dict[str, tuple[Value, ...]] = {name: (value_of(text),) for name, text in host.sysctls.items()}
    facts.update((name, ()) for name in host.unreadable)
    if row is not None:
        facts["inode"] = _INODES[row.inode]
        facts["timer"] = tuple(map(timer_label, sorted(row.timers)))
        facts["retrans"] = (float(row.max_retrans),)
        facts["rqueue"] = (float(row.rqueue),)
        facts["wqueue"] = (float(row.wqueue),)
        facts["restarted"] = ("yes" if row.restarted else "no",)
        facts["role"] = _ROLES[row.role]
        facts["count"] = (float(row.count),)
    return facts
