"""The columns of one dump: every socket is a row, every attribute a numpy array.

Addresses are 128 bits in two halves, host byte order; IPv4 is kept as ``::ffff:a.b.c.d``, so that an
IPv4 peer is the same peer whether the kernel reported it under AF_INET or on a dual-stack socket.
"""

from __future__ import annotations

import mmap
from contextlib import suppress
from dataclasses import dataclass, field, fields, replace
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from twtop.core.names.labels import NO_LABELS, Labels
from twtop.core.owners.owner import NO_OWNERS, Owners

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twtop.core.owners.owner import Owner

U8: TypeAlias = NDArray[np.uint8]
U16: TypeAlias = NDArray[np.uint16]
U32: TypeAlias = NDArray[np.uint32]
U64: TypeAlias = NDArray[np.uint64]
Mask: TypeAlias = NDArray[np.bool_]
Rows: TypeAlias = NDArray[np.intp]

DTYPES: Final[dict[str, type[np.unsignedinteger[Any]]]] = {
    "family": np.uint8,
    "state": np.uint8,
    "timer": np.uint8,
    "retrans": np.uint8,
    "local_port": np.uint16,
    "remote_port": np.uint16,
    "local_hi": np.uint64,
    "local_lo": np.uint64,
    "remote_hi": np.uint64,
    "remote_lo": np.uint64,
    "interface": np.uint32,
    "cookie": np.uint64,
    "expires_ms": np.uint32,
    "rqueue": np.uint32,
    "wqueue": np.uint32,
    "uid": np.uint32,
    "inode": np.uint32,
    "cgroup": np.uint64,
    "netns": np.uint32,
    "owner": np.uint32,
    "certainty": np.uint8,
}

_ZEROS: Final = {name: np.broadcast_to(np.zeros(1, dtype), 1 << 27) for name, dtype in DTYPES.items()}
"""One zero each, repeated for more rows than any dump has: columns are cut off faster than they are made."""

STATE_BITS: Final = np.uint64(4)
_STATE_MASK: Final = np.uint8(0xF)


@dataclass(frozen=True, slots=True, eq=False)
class Sockets:
    """Equally long columns; immutable by convention, rows in the order of the dump."""

    family: U8
    """AF_INET (2) or AF_INET6 (10), as the kernel reported the socket."""
    state: U8
    timer: U8
    retrans: U8
    """Retransmissions (timer ``on``) or probes (``keepalive``, ``persist``) so far."""
    local_port: U16
    remote_port: U16
    local_hi: U64
    local_lo: U64
    remote_hi: U64
    remote_lo: U64
    interface: U32
    """Index of the interface the socket is bound to, 0 for none."""
    cookie: U64
    """The kernel's id of the connection, the same from SYN-RECV to TIME-WAIT."""
    expires_ms: U32
    """Milliseconds until the timer fires, at the instant of the dump."""
    rqueue: U32
    wqueue: U32
    uid: U32
    inode: U32
    cgroup: U64
    """The cgroup's id (its inode in cgroup v2), 0 where the kernel tells none: minis, kernels before 5.9."""
    netns: U32
    """The network namespace's inode where there are sockets of several, else 0."""
    owner: U32
    """Slot in ``owners``, 0 for nobody."""
    certainty: U8
    """By what the owner was found (`twtop.core.owners.certainty.Certainty`)."""
    owners: Owners = NO_OWNERS
    """Whom ``owner`` means."""
    labels: Labels = NO_LABELS
    """What the user calls addresses."""
    namespaces: Mapping[int, str] = field(default_factory=dict)
    """What the numbers in ``netns`` are called."""

    def __len__(self) -> int:
        return len(self.state)

    def owner_at(self, row: int) -> Owner:
        """Return whose the socket of a row is."""
        return self.owners.records[int(self.owner[row])]

    def take(self, rows: Rows | Mask | slice) -> Sockets:
        """Return the chosen rows, in the order given."""
        columns: Any = {name: getattr(self, name)[rows] for name in DTYPES}
        return replace(self, **columns)

    @staticmethod
    def of(columns: Mapping[str, NDArray[Any]]) -> Sockets:
        """Make a table of its columns; ``state`` must be there, other missing ones are zeros."""
        count = len(columns["state"])
        missing = {name: zeros_column(name, count) for name in DTYPES if name not in columns}
        whole: Any = {**columns, **missing}
        return Sockets(**whole)

    @staticmethod
    def empty() -> Sockets:
        """Return a table without rows."""
        return SocketsBuilder().table()

    @staticmethod
    def concatenate(parts: Sequence[Sockets]) -> Sockets:
        """Return the rows of all parts, one after the other."""
        builder = SocketsBuilder(sum(map(len, parts)))
        for part in parts:
            builder.append(part)
        return builder.table()


_SELDOM_USED: Final = (
    "local_hi", "remote_hi", "interface", "retrans", "rqueue", "wqueue", "uid", "inode",
    "cgroup", "netns", "owner", "certainty",
)  # fmt: skip
"""Columns that are zero for most sockets in a pile-up."""
_OFTEN_USED: Final = tuple(name for name in DTYPES if name not in _SELDOM_USED)
_BY_USE: Final = _OFTEN_USED + _SELDOM_USED
_LINE_BYTES: Final = 64
"""One line of the processor's cache."""
_MAPPED_BYTES: Final = 1 << 16


class SocketsBuilder:
    """Puts a table together from parts, each copied once.

    What is zero in a whole part is not written: fresh pages are zero already, and take no memory until
    touched. Of a pile-up of TIME-WAIT sockets half the columns stay that way; these lie side by side.
    """

    def __init__(self, expected: int = 0) -> None:
        self._size = 0
        # Of whole lines, so that every column begins at one.
        room = -(-expected // _LINE_BYTES) * _LINE_BYTES
        memory = _zeros(room * _bytes_of(_BY_USE), room * _bytes_of(_OFTEN_USED))
        self._columns: dict[str, NDArray[Any]] = {}
        start = 0
        for name in _BY_USE:
            stop = start + room * np.dtype(DTYPES[name]).itemsize
            self._columns[name] = memory[start:stop].view(DTYPES[name])
            start = stop

    def append(self, part: Sockets) -> None:
        """Add the rows of a part."""
        start, stop = self._size, self._size + len(part)
        if stop > len(self._columns["state"]):
            self._grow(max(stop, 2 * len(self._columns["state"])))
        for name, column in self._columns.items():
            rows = getattr(part, name)
            # max() is many times as fast as any(), which does not stop early in columns of numbers.
            # What is one zero all along (`zeros_column`) need not be looked through.
            if len(rows) and (rows[0] or (rows.strides[0] and rows.max())):
                column[start:stop] = rows
        self._size = stop

    def table(self) -> Sockets:
        """Return all rows; the builder is not to be used any more."""
        return Sockets.of({name: column[: self._size] for name, column in self._columns.items()})

    def _grow(self, room: int) -> None:
        grown = SocketsBuilder(room)
        grown.append(self.table())
        self._columns = grown._columns


def zeros_column(name: str, count: int) -> NDArray[Any]:
    """Return a column of zeros that takes neither memory nor time."""
    return _ZEROS[name][:count]


def identity_of(cookie: U64, state: U8) -> U64:
    """Return cookie and state in one number each, so that a new state is a new birth."""
    # A state beyond four bits, which no kernel has yet, must not turn one cookie into another.
    return cookie << STATE_BITS | state & _STATE_MASK


def _bytes_of(names: Sequence[str]) -> int:
    """Return what one row takes in some columns."""
    return sum(np.dtype(DTYPES[name]).itemsize for name in names)


def _zeros(size: int, soon_used: int) -> U8:
    """Return zeros that take no memory until written, and give it back to the system when dropped.

    malloc would keep the pages of large columns, touched, for whatever comes next. In a shared mapping, which
    is what mmap makes by default, a page takes memory as soon as it is read. Huge pages, where the kernel has
    them, save a fault per 4 KiB of the first ``soon_used`` bytes; of the rest they would touch too much.
    """
    if size < _MAPPED_BYTES:
        return np.zeros(size, np.uint8)
    mapping = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    with suppress(OSError):
        mapping.madvise(mmap.MADV_HUGEPAGE, 0, soon_used)
    return np.frombuffer(mapping, np.uint8)


_TABLES: Final = ("owners", "labels", "namespaces")
assert (*DTYPES, *_TABLES) == tuple(each.name for each in fields(Sockets))  # noqa: S101 - one list, said twice
