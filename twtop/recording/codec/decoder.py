"""From bytes (`twtop.recording.codec.layout`) to snapshots of one namespace, one after the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from twtop.core.owners.owner import NO_OWNERS
from twtop.core.owners.registry import Registry
from twtop.core.snapshot import snapshot
from twtop.recording.codec import info
from twtop.recording.codec.facts import Facts
from twtop.recording.codec.layout import (
    AS_BEFORE,
    HEADER,
    KEY,
    KNOWN,
    MOST_FACTS,
    MOST_UDP_PORTS,
    TIME,
    UNKNOWN,
    VERSION,
    damaged,
)
from twtop.recording.codec.owners import OwnerSlots
from twtop.recording.codec.reading import Reader, decompressed
from twtop.recording.codec.table import Table
from twtop.recording.codec.timers import milliseconds

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.snapshot import Snapshot
    from twtop.core.tcp_info import TcpInfo


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """What is known after a look."""

    wall_s: float
    instant_s: float
    reading_ms: int
    looks: int
    """Since the key look, itself included."""
    facts: Facts
    owners: OwnerSlots
    table: Table
    udp_ports: NDArray[np.uint16] | None
    info: TcpInfo


class Decoder:
    """Decodes the snapshots of one namespace in their order; for one thread.

    What cannot be decoded leaves it as it was.
    """

    def __init__(self, registry: Registry | None = None) -> None:
        """``registry`` is shared by the namespaces that are looked at side by side."""
        self._registry = Registry() if registry is None else registry
        self._state: _State | None = None

    def decode(self, body: bytes) -> Snapshot:
        """Return a snapshot as it was; raises RecordingError where the bytes make no sense."""
        self._state = state = self._after(body)
        facts = state.facts
        sockets = replace(
            state.table.sockets(state.owners.slots, milliseconds(state.instant_s)),
            # A registry without anybody is one of recordings for which nobody looked.
            owners=self._registry.table() if facts.owners_looked_for else NO_OWNERS,
            namespaces=facts.namespaces,
        )
        whole = snapshot(
            sockets,
            wall_s=state.wall_s,
            instant_s=state.instant_s,
            reading_ms=state.reading_ms,
            udp_ports=state.udp_ports,
            tcp_info=replace(state.info, lack=facts.info_lack),
            **facts.arguments(),
        )
        return replace(whole, owners_lack=facts.owners_lack)

    def skip(self, body: bytes) -> None:
        """Take in a snapshot that nobody wants to see, for the sake of those after it; raises as `decode`."""
        self._state = self._after(body)

    def _after(self, body: bytes) -> _State:
        if len(body) < HEADER.size:
            raise damaged("it ends too early")
        version, flags, size = HEADER.unpack_from(body)
        if version != VERSION:
            raise damaged(f"it is of version {version}, and this twtop reads version {VERSION}")
        if flags & ~KEY:
            raise damaged("it has flags that mean nothing")
        reader = Reader(decompressed(body[HEADER.size :], size))
        state = self._read(reader, key=bool(flags & KEY))
        reader.end()
        return state

    def _read(self, reader: Reader, *, key: bool) -> _State:
        wall_s, instant_s, reading_ms, looks, rows = reader.fields(TIME)
        last = self._state
        if (last is not None and instant_s < last.instant_s) or wall_s < 0:
            raise damaged("time goes back")
        if key:
            last = _nothing(self._registry)
        if last is None or looks != last.looks or rows != len(last.table):
            raise damaged("it does not follow the look before it")
        facts = last.facts.read(reader.take(reader.count(MOST_FACTS)), key=key)
        owners = last.owners.read(reader)
        return _State(
            wall_s=reader.time(wall_s),
            instant_s=reader.time(instant_s),
            reading_ms=reading_ms,
            looks=looks + 1,
            facts=facts,
            owners=owners,
            table=last.table.read(reader, len(owners), milliseconds(instant_s)),
            udp_ports=_read_udp(reader, last.udp_ports),
            info=info.read(reader, last.info),
        )


def _nothing(registry: Registry) -> _State:
    return _State(0.0, 0.0, 0, 0, Facts(), OwnerSlots(registry), Table.empty(), None, info.NO_READING)


def _read_udp(reader: Reader, before: NDArray[np.uint16] | None) -> NDArray[np.uint16] | None:
    extent = reader.byte(KNOWN)
    if extent == AS_BEFORE:
        return before
    if extent == UNKNOWN:
        return None
    steps = reader.column(np.dtype("<u2"), reader.count(MOST_UDP_PORTS))
    return np.cumsum(steps, dtype=np.uint16)
