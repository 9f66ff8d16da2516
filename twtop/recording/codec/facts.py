"""Everything of a snapshot but its sockets, as text."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from twtop.core.counters import Counters
from twtop.core.settings import Setting
from twtop.core.sysctls import Sysctls

if TYPE_CHECKING:
    from twtop.core.snapshot import Snapshot


def facts_of(snapshot: Snapshot) -> dict[str, Any]:
    """Return what can be said in JSON."""
    return {
        "wall_s": snapshot.wall_s,
        "instant_s": snapshot.instant_s,
        "sysctls": dict(snapshot.sysctls),
        "unreadable": dict(snapshot.sysctls.unreadable),
        "counters": dict(snapshot.counters),
        "counter_problems": snapshot.counters.problems,
        "degraded": snapshot.degraded,
        "unlisted": snapshot.unlisted,
        "configured": snapshot.configured,
        "exact_cookies": snapshot.exact_cookies,
        "own_session": snapshot.own_session,
        "owners_lack": snapshot.owners_lack,
        "namespaces": {str(number): name for number, name in snapshot.sockets.namespaces.items()},
    }


def from_facts(facts: dict[str, Any]) -> dict[str, Any]:
    """Return the arguments of `twtop.core.snapshot.snapshot` that are among them."""
    return {
        "wall_s": facts["wall_s"],
        "instant_s": facts["instant_s"],
        "sysctls": Sysctls(facts["sysctls"], facts["unreadable"]),
        "counters": Counters(facts["counters"], tuple(facts["counter_problems"])),
        "degraded": tuple(facts["degraded"]),
        "unlisted": facts["unlisted"],
        "configured": {name: Setting(*setting) for name, setting in facts["configured"].items()},
        "exact_cookies": facts["exact_cookies"],
        "own_session": tuple(facts["own_session"]),
    }
