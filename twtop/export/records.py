"""Sockets and groups of a view as rows of plain values, in the order of the screen."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from twtop.core.address import address_text, is_ipv4
from twtop.core.owners.certainty import Certainty
from twtop.core.owners.owner import NOBODY, Owner
from twtop.core.runs import ranges
from twtop.core.sockets import DTYPES
from twtop.core.states import Timer, state_label, timer_label
from twtop.core.table.keys import KEYS, has_remote
from twtop.core.timers import NO_END

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import Rows
    from twtop.core.table.grouping import Groups
    from twtop.core.table.view import View
    from twtop.recording.tape import Tape

_CHUNK = 4096
"""Rows that are Python objects at a time: many enough for speed, few enough for memory."""

_AF_INET = 2

_COLUMNS = tuple(name for name in DTYPES if name != "cgroup")


class Origin(NamedTuple):
    """The recording that a snapshot comes from."""

    name: str
    """What the user calls it."""
    filter: str
    """The filter that its sockets were recorded with; empty where all were."""

    @classmethod
    def of(cls, tape: Tape) -> Origin:
        """Name a tape."""
        return cls(tape.name, tape.filter)

    @property
    def lacks(self) -> tuple[str, ...]:
        """What was left out when it was made, in sentences."""
        return (f"{self.name} has only sockets that match {self.filter}",) if self.filter else ()


class SocketRecord(NamedTuple):
    """One socket. Addresses are written as ``ss`` writes them, without brackets; times are milliseconds."""

    family: str
    """``inet`` or ``inet6``, as the kernel reports the socket: IPv6 sockets may carry ``::ffff:a.b.c.d``."""
    state: str
    local_address: str
    local_port: int
    remote_address: str
    """``0.0.0.0`` or ``::``, with port 0, where there is no peer."""
    remote_port: int
    timer: str | None
    """As ``ss`` names it; None where none runs, and so are ``remaining_ms`` and ``retrans`` then."""
    remaining_ms: int | None
    """Time until the timer fires; many start again then."""
    retrans: int | None
    """Retransmissions or probes so far."""
    time_left_ms: int | None
    """Time until the clock ends the socket, through all its phases; None if no clock does."""
    rqueue: int
    """Bytes not read; for LISTEN connections not accepted."""
    wqueue: int
    """Bytes not acknowledged; for LISTEN the limit of the accept queue."""
    inode: int | None
    uid: int | None
    """None where unknown: the kernel says 0 for mini-sockets, orphans and connections not accepted."""
    cookie: int
    interface: int | None
    """Index of the interface it is bound to."""
    role: str
    """``server`` if the local port has a listener, else ``client``."""
    namespace: str | None = None
    """Its network namespace, where there are several."""
    label: str | None = None
    """What the user calls the peer."""
    owner: Owner = NOBODY
    certainty: Certainty = Certainty.UNKNOWN


class OwnerRecord(NamedTuple):
    """Whose a socket is; None stands for what is unknown."""

    pid: int | None
    command: str | None
    user: str | None
    unit: str | None
    """systemd unit, container or pod."""
    cgroup: str | None
    """Path in the cgroup v2 hierarchy."""
    certainty: str
    """``held`` (now), ``was`` (this very connection), ``earlier`` (one between the same ends), ``listener``
    (on its local port), ``likely`` (alone has others to that end)."""


class GroupRecord(NamedTuple):
    """One group of the finest level; times are milliseconds."""

    key: dict[str, str]
    """Every key of the grouping, to its text."""
    sockets: int
    soon: int
    """Sockets that the clock ends within 10 s."""
    shortest_ms: int | None
    longest_ms: int | None
    """Least and greatest time left; None where no clock ends any of them."""
    histogram: list[int]
    """Sockets by time left, in equal parts of 0 to the length of TIME-WAIT."""
    rqueue: int
    wqueue: int
    born: int
    """Sockets that came into the group since the snapshot before, or into another state in it."""
    gone: int
    """Sockets that left it, or their state in it."""


def socket_records(view: View, limit: int | None = None) -> Iterator[SocketRecord]:
    """Yield every matching socket, one group after the other; with a limit only the first so many."""
    for rows in _chunks(view.groups.rows[:limit]):
        yield from _sockets(view.moment.snapshot, rows)


def owner_record(socket: SocketRecord) -> OwnerRecord | None:
    """Return whose a socket is, None where that is unknown."""
    owner = socket.owner
    if socket.certainty is Certainty.UNKNOWN:
        return None
    return OwnerRecord(
        pid=owner.pid or None,
        command=owner.command or None,
        user=owner.user or None,
        unit=owner.unit or None,
        cgroup=owner.cgroup or None,
        certainty=socket.certainty.label,
    )


def group_records(view: View, limit: int | None = None) -> Iterator[GroupRecord]:
    """Yield every group of the finest level; with a limit only those within the first so many of each."""
    sockets, server = view.moment.snapshot.sockets, view.moment.snapshot.server
    level = view.groups.levels[-1]
    keys = [(name, KEYS[name].text) for name in view.groups.keys]
    for indexes in _chunks(_within(view.groups, limit)):
        measures = level.measures.take(indexes)
        for row, count, soon, shortest, longest, histogram, rqueue, wqueue, born, gone in zip(
            level.row[indexes].tolist(),
            measures.sockets.tolist(),
            measures.soon.tolist(),
            measures.shortest_ms.tolist(),
            measures.longest_ms.tolist(),
            measures.histogram.tolist(),
            measures.rqueue.tolist(),
            measures.wqueue.tolist(),
            measures.born.tolist(),
            measures.gone.tolist(),
            strict=True,
        ):
            yield GroupRecord(
                key={name: text(sockets, row, bool(server[row])) for name, text in keys},
                sockets=count,
                soon=soon,
                shortest_ms=None if shortest == NO_END else shortest,
                longest_ms=None if longest < 0 else longest,
                histogram=histogram,
                rqueue=rqueue,
                wqueue=wqueue,
                born=born,
                gone=gone,
            )


def _within(groups: Groups, limit: int | None) -> Rows:
    """Return the groups of the finest level that are, at each level, of siblings among the first so many."""
    shown = np.arange(len(groups.levels[0]))[:limit]
    for level in groups.levels[:-1]:
        first, last = level.first[shown], level.last[shown]
        shown = ranges(first, last if limit is None else np.minimum(last, first + limit))
    return shown


def _chunks(rows: Rows) -> Iterator[Rows]:
    for start in range(0, len(rows), _CHUNK):
        yield rows[start : start + _CHUNK]


def _sockets(snapshot: Snapshot, rows: Rows) -> Iterator[SocketRecord]:
    sockets = snapshot.sockets.take(rows)
    for (
        family,
        state,
        timer,
        retrans,
        local_port,
        remote_port,
        local_hi,
        local_lo,
        remote_hi,
        remote_lo,
        interface,
        cookie,
        expires_ms,
        rqueue,
        wqueue,
        uid,
        inode,
        netns,
        owner,
        certainty,
        left_ms,
        server,
    ) in zip(
        *(getattr(sockets, name).tolist() for name in _COLUMNS),
        snapshot.left_ms[rows].tolist(),
        snapshot.server[rows].tolist(),
        strict=True,
    ):
        running = timer != Timer.OFF
        yield SocketRecord(
            family="inet" if family == _AF_INET else "inet6",
            state=state_label(state),
            local_address=_address(family, local_hi, local_lo),
            local_port=local_port,
            remote_address=_address(family, remote_hi, remote_lo),
            remote_port=remote_port,
            timer=timer_label(timer) if running else None,
            remaining_ms=expires_ms if running else None,
            retrans=retrans if running else None,
            time_left_ms=None if left_ms == NO_END else left_ms,
            rqueue=rqueue,
            wqueue=wqueue,
            inode=inode or None,
            uid=uid if inode or uid else None,
            cookie=cookie,
            interface=interface or None,
            role="server" if server else "client",
            label=sockets.labels.text(remote_hi, remote_lo) or None if has_remote(state) else None,
            namespace=sockets.namespaces.get(netns) if netns else None,
            owner=sockets.owners.records[owner],
            certainty=Certainty(certainty),
        )


def _address(family: int, high: int, low: int) -> str:
    text = address_text(high, low)
    return f"::ffff:{text}" if family != _AF_INET and is_ipv4(high, low) else text
