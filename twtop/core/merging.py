"""The moments of several network namespaces as one, for what is shown of all sockets together.

Only what belongs to a single socket is put together. Sysctls, counters and ports are a namespace's own and
stay with its own moment: a merged snapshot has none.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.changes import Moment
from twtop.core.lookup import Cookies
from twtop.core.owners.owner import NO_OWNERS
from twtop.core.runs import Runs
from twtop.core.snapshot import Snapshot, snapshot
from twtop.core.sockets import Sockets
from twtop.core.timers import NO_END

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twtop.core.sockets import U32

_SALT: Final = 0x9E3779B97F4A7C15
_COOKIE_BITS: Final = (1 << 60) - 1


@dataclass(frozen=True, slots=True)
class Part:
    """A namespace and its moment."""

    number: int
    """Its number in the column ``netns``."""
    moment: Moment


def naming(namespace: str, sentence: str) -> str:
    """Return a sentence that names the namespace it is about, once."""
    prefix = f"namespace {namespace}: "
    return sentence if sentence.startswith(prefix) else prefix + sentence


def merged(parts: Sequence[Part], names: Mapping[int, str]) -> Moment:
    """Return one moment of all sockets; ``names`` are those of the namespaces, by number.

    Times left are those at the instant of the latest snapshot. Rates are per second of the namespace with
    the most sockets. Cookies that are made of addresses and ports are told apart by namespace; the kernel's
    are the machine's from Linux 5.4 on (net/core/sock_diag.c).
    """
    if not parts:
        return _empty(names)
    moments = [part.moment for part in parts]
    snapshots = [moment.snapshot for moment in moments]
    latest = max(snapshots, key=lambda each: each.instant_s)
    passed_ms = [round(1000 * (latest.instant_s - each.instant_s)) for each in snapshots]
    sockets = _together([(part, part.moment.snapshot.sockets) for part in parts], names)
    left = [_less(each.left_ms, passed) for each, passed in zip(snapshots, passed_ms, strict=True)]
    expires = [
        _less(each.sockets.expires_ms, passed) for each, passed in zip(snapshots, passed_ms, strict=True)
    ]
    whole = Snapshot(
        sockets=replace(sockets, expires_ms=np.concatenate(expires)),
        cookies=Cookies.of(sockets.cookie),
        server=np.concatenate([each.server for each in snapshots]),
        bundles=_bundles(snapshots),
        left_ms=np.concatenate(left),
        life_ms=max(each.life_ms for each in snapshots),
        wall_s=latest.wall_s,
        instant_s=latest.instant_s,
        reading_ms=max(each.reading_ms for each in snapshots),
        sysctls=_NOTHING.sysctls,
        counters=_NOTHING.counters,
        udp_ports=None,
        degraded=(),
        unlisted=next((each.unlisted for each in snapshots if each.unlisted), None),
        configured={},
        tcp_info=_NOTHING.tcp_info,
        exact_cookies=all(each.exact_cookies for each in snapshots),
        own_session=tuple(cookie for each in snapshots for cookie in each.own_session),
        owners_lack=next(
            (
                naming(names[part.number], lack)
                for part in parts
                if (lack := part.moment.snapshot.owners_lack)
            ),
            None,
        ),
    )
    return Moment(
        snapshot=whole,
        seconds=max(moments, key=_size).seconds,
        born=np.concatenate([moment.born for moment in moments]),
        gone=_together([(part, part.moment.gone) for part in parts], names),
        gone_server=np.concatenate([moment.gone_server for moment in moments]),
        restarted=np.concatenate([moment.restarted for moment in moments]),
        known_s=np.concatenate([moment.known_s for moment in moments]),
    )


_NOTHING: Final = snapshot(Sockets.empty())


def _empty(names: Mapping[int, str]) -> Moment:
    nothing = np.zeros(0, np.bool_)
    sockets = replace(Sockets.empty(), namespaces=names)
    none_known = np.zeros(0, np.float32)
    return Moment(replace(_NOTHING, sockets=sockets), 0.0, nothing, sockets, nothing, nothing, none_known)


def _size(moment: Moment) -> tuple[bool, int]:
    return moment.seconds > 0, len(moment.snapshot.sockets) + len(moment.gone)


def _together(tables: Sequence[tuple[Part, Sockets]], names: Mapping[int, str]) -> Sockets:
    sizes = [len(table) for _, table in tables]
    numbers = np.repeat(np.array([part.number for part, _ in tables], np.uint32), sizes)
    whole = Sockets.concatenate([_told_apart(part, table) for part, table in tables])
    # Slots are the same in all tables: the youngest has all of them.
    owners = max((table.owners for _, table in tables), key=len, default=NO_OWNERS)
    labels = tables[0][1].labels
    return replace(whole, netns=numbers, owners=owners, labels=labels, namespaces=names)


def _told_apart(part: Part, table: Sockets) -> Sockets:
    """Make cookies differ from those that the same addresses and ports have in another namespace."""
    if part.moment.snapshot.exact_cookies:
        return table
    salt = np.uint64(part.number * _SALT & _COOKIE_BITS)
    return replace(table, cookie=table.cookie ^ salt)


def _bundles(snapshots: Sequence[Snapshot]) -> Runs:
    """Put the bundles of all behind each other: none has sockets of two namespaces."""
    begins = np.cumsum([0, *(len(each.sockets) for each in snapshots[:-1])])
    rows = [each.bundles.rows + begin for each, begin in zip(snapshots, begins, strict=True)]
    starts = [each.bundles.starts + begin for each, begin in zip(snapshots, begins, strict=True)]
    return Runs(np.concatenate(rows), np.concatenate(starts))


def _less(times_ms: U32, passed_ms: int) -> U32:
    """Return what is left of times after a while; what has no end keeps none."""
    if not passed_ms:
        return times_ms
    passed = np.uint32(passed_ms)
    return np.where(times_ms == NO_END, times_ms, np.maximum(times_ms, passed) - passed)
