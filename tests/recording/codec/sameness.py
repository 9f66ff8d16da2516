"""Whether what comes out of a recording is what went in."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from twtop.core.owners.owner import NO_OWNERS
from twtop.core.sockets import DTYPES
from twtop.core.states import Timer
from twtop.core.timers import NO_END
from twtop.recording.codec.layout import TOLERANCE_MS

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from twtop.core.changes import Moment
    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import Rows, Sockets
    from twtop.core.tcp_info import TcpInfo


def assert_same_moment(live: Moment, replayed: Moment) -> None:
    """Rows may be in another order, and running timers differ a little; nothing else."""
    assert_same(live.snapshot, replayed.snapshot)
    assert live.seconds == replayed.seconds
    left, right = _by_cookie(live.snapshot.sockets), _by_cookie(replayed.snapshot.sockets)
    for name in ("born", "restarted", "known_s"):
        assert getattr(live, name)[left].tolist() == getattr(replayed, name)[right].tolist(), name
    _assert_same_sockets(live.gone, replayed.gone)
    left, right = _by_cookie(live.gone), _by_cookie(replayed.gone)
    assert live.gone_server[left].tolist() == replayed.gone_server[right].tolist()


def assert_same(taken: Snapshot, replayed: Snapshot) -> None:
    """As `assert_same_moment`, of snapshots."""
    left, right = _by_cookie(taken.sockets), _by_cookie(replayed.sockets)
    _assert_same_sockets(taken.sockets, replayed.sockets)
    # By this it is told whether owners were looked for.
    assert (taken.sockets.owners is NO_OWNERS) == (replayed.sockets.owners is NO_OWNERS)
    ends = taken.left_ms != NO_END
    _assert_about(taken.left_ms[left], replayed.left_ms[right], ends[left])
    assert abs(taken.life_ms - replayed.life_ms) <= TOLERANCE_MS
    told_apart = {"sockets", "left_ms", "life_ms"}
    for name in (each.name for each in fields(taken) if each.name not in told_apart):
        plain = _PLAIN.get(name, _as_it_is)
        assert plain(taken, name) == plain(replayed, name), name


def _as_it_is(snapshot: Snapshot, name: str) -> Any:
    return getattr(snapshot, name)


def _cookies(snapshot: Snapshot, _: str) -> list[bool]:
    rows, there = snapshot.cookies.find(snapshot.sockets.cookie)
    return [bool(there.all()), (rows == np.arange(len(rows))).all()]


def _server(snapshot: Snapshot, _: str) -> list[bool]:
    return _listed(snapshot.server[_by_cookie(snapshot.sockets)])  # type: ignore[no-any-return]


def _bundles(snapshot: Snapshot, _: str) -> set[frozenset[int]]:
    runs, cookies = snapshot.bundles, snapshot.sockets.cookie
    ends = zip(runs.starts.tolist(), runs.ends.tolist(), strict=False)
    return {frozenset(cookies[runs.rows[start:end]].tolist()) for start, end in ends}


_PLAIN: Final[dict[str, Callable[[Snapshot, str], Any]]] = {
    "cookies": _cookies,
    "server": _server,
    "bundles": _bundles,
    "sysctls": lambda snapshot, _: (dict(snapshot.sysctls), dict(snapshot.sysctls.unreadable)),
    "counters": lambda snapshot, _: (list(snapshot.counters.items()), snapshot.counters.problems),
    "udp_ports": lambda snapshot, _: _listed(snapshot.udp_ports),
    "tcp_info": lambda snapshot, _: told(snapshot.tcp_info),
}


def told(info: TcpInfo) -> list[Any]:
    """Return a reading as plain values."""
    return [_listed(getattr(info, each.name)) for each in fields(info)]


def _listed(value: Any) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value


def _assert_same_sockets(taken: Sockets, replayed: Sockets) -> None:
    taken, replayed = taken.take(_by_cookie(taken)), replayed.take(_by_cookie(replayed))
    for name, dtype in DTYPES.items():
        one, other = getattr(taken, name), getattr(replayed, name)
        assert other.dtype == dtype
        if name == "expires_ms":
            _assert_about(one, other, taken.timer != Timer.OFF)
        elif name == "owner":
            owners = [taken.owner_at(row) for row in range(len(taken))]
            assert owners == [replayed.owner_at(row) for row in range(len(replayed))]
        else:
            assert one.tolist() == other.tolist(), name
    if len(taken):
        assert taken.namespaces == replayed.namespaces


def _assert_about(one: NDArray[np.uint32], other: NDArray[np.uint32], runs: NDArray[np.bool_]) -> None:
    off_by = np.abs(one.astype(np.int64) - other.astype(np.int64))
    assert (off_by <= np.where(runs, TOLERANCE_MS, 0)).all()


def _by_cookie(sockets: Sockets) -> Rows:
    return np.lexsort((sockets.state, sockets.cookie))
