"""Whether this kernel can feed a rule."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twtop.core.snapshot import Snapshot

_ALWAYS: Final = frozenset({"sockets", "ports", "configured"})
_COUNTERS: Final = ("Tcp.", "TcpExt.", "sockstat.", "sockstat6.")


def missing(inputs: Iterable[str], snapshot: Snapshot) -> tuple[str, ...]:
    """Return, one line each, which inputs a snapshot lacks, and why."""
    reasons = ((name, _lack(name, snapshot)) for name in inputs)
    return tuple(f"{name}: {reason}" for name, reason in reasons if reason)


def _lack(name: str, snapshot: Snapshot) -> str:
    if name in _ALWAYS:
        return ""
    if name == "backlogs":
        return "" if snapshot.tells_backlogs else "the limit of an accept queue is told over netlink only"
    if name == "tcp_info":
        return snapshot.tcp_info.lack or ""
    if name.startswith(_COUNTERS):
        return "" if name in snapshot.counters else "not a counter of this kernel, or not readable"
    if name in snapshot.sysctls:
        return ""
    return snapshot.sysctls.unreadable.get(name, "not in this kernel, or not visible in this namespace")
