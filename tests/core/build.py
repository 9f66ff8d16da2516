"""Random tables of sockets whose attributes have a chance to meet, and the same as plain rows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

import numpy as np
from hypothesis import settings
from hypothesis import strategies as st

from tests.core.filter import strategies
from twtop.core.address import MAPPED_PREFIX
from twtop.core.changes import Moment, follow
from twtop.core.snapshot import Snapshot, snapshot
from twtop.core.sockets import DTYPES, Sockets
from twtop.core.states import State, Timer

if TYPE_CHECKING:
    from collections.abc import Sequence

unhurried = settings(deadline=None)
"""On a busy machine any example may take long."""

LATER_S: Final = 1.5


@dataclass(frozen=True)
class Row:
    """One socket, for slow implementations."""

    family: int
    state: int
    timer: int
    retrans: int
    local_port: int
    remote_port: int
    local_hi: int
    local_lo: int
    remote_hi: int
    remote_lo: int
    interface: int
    cookie: int
    expires_ms: int
    rqueue: int
    wqueue: int
    uid: int
    inode: int
    cgroup: int
    netns: int
    owner: int
    certainty: int


def rows_of(sockets: Sockets) -> list[Row]:
    """Return the table row by row."""
    columns = [getattr(sockets, name).tolist() for name in DTYPES]
    return [Row(*values) for values in zip(*columns, strict=True)]


def table(**columns: Sequence[int]) -> Sockets:
    """Make IPv4 sockets of the columns given; cookies are 1, 2, ..., what else is missing is 0."""
    count = max(map(len, columns.values()))
    missing = {"family": [2] * count, "cookie": range(1, count + 1)}
    missing |= {name: [MAPPED_PREFIX] * count for name in ("local_lo", "remote_lo")}
    chosen = missing | columns
    return Sockets.of(
        {name: np.array(chosen.get(name, [0] * count), dtype).reshape(-1) for name, dtype in DTYPES.items()}
    )


def crowd(seed: int, count: int) -> Sockets:
    """Make sockets of every state, timer and role; a cookie may be there twice, in one state or in two."""
    rng = np.random.default_rng(seed)
    sockets = strategies.sockets(seed, count)
    alone = (sockets.state == State.LISTEN) | (sockets.state == State.UNCONN)
    nobody = np.where(sockets.family == 2, np.uint64(MAPPED_PREFIX), np.uint64(0))

    def column(name: str, values: Sequence[int]) -> np.ndarray[tuple[int], np.dtype[np.unsignedinteger]]:
        return rng.choice(np.array(values, DTYPES[name]), count)

    return replace(
        sockets,
        remote_hi=np.where(alone, np.uint64(0), sockets.remote_hi),
        remote_lo=np.where(alone, nobody, sockets.remote_lo),
        remote_port=np.where(alone, np.uint16(0), sockets.remote_port),
        timer=np.where(sockets.state == State.TIME_WAIT, np.uint8(Timer.TIMEWAIT), column("timer", range(7))),
        retrans=column("retrans", (0, 0, 1, 15)),
        cookie=column("cookie", range(1, 1 + max(1, 2 * count))),
        expires_ms=column("expires_ms", (0, 1, 999, 1000, 9999, 10_000, 30_000, 60_000, 61_100)),
        rqueue=column("rqueue", (0, 0, 1, 2**32 - 1)),
        wqueue=column("wqueue", (0, 0, 5, 2**32 - 1)),
        inode=column("inode", (0, 4711)),
    )


snapshots = st.builds(
    lambda seed, count: snapshot(crowd(seed, count)),
    st.integers(0, 2**32),
    st.sampled_from((150, 40, 10, 1, 0)),
)


def later(before: Snapshot, seed: int, count: int) -> Snapshot:
    """Keep some of the sockets, let their clocks run, and let others come, with old cookies among them."""
    rng = np.random.default_rng(seed)
    kept = before.sockets.take(rng.random(len(before.sockets)) < 0.7)
    ran_ms = round(LATER_S * 1000)
    left = np.where(kept.expires_ms > ran_ms, kept.expires_ms - ran_ms, np.uint32(0))
    restarted = rng.random(len(kept)) < 0.2
    kept = replace(kept, expires_ms=np.where(restarted, np.uint32(60_000), left).astype(np.uint32))
    both = Sockets.concatenate([kept, crowd(seed, count)])
    both = replace(both, labels=before.sockets.labels, owners=before.sockets.owners)
    return snapshot(both, instant_s=before.instant_s + LATER_S)


moments = st.builds(
    lambda first, seed, count: follow(follow(None, first), later(first, seed, count)),
    snapshots,
    st.integers(0, 2**32),
    st.sampled_from((60, 20, 0)),
)
"""Moments with births, deaths and restarts."""


def moment_of(sockets: Sockets) -> Moment:
    """Make the first moment of a run."""
    return follow(None, snapshot(sockets))
