"""From snapshots of one namespace, one after the other, to bytes."""

from __future__ import annotations

import json
import zlib
from typing import TYPE_CHECKING, Any

import numpy as np

from twtop.core.sockets import DTYPES
from twtop.recording.codec.facts import facts_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.snapshot import Snapshot


class Encoder:
    """Encodes the snapshots of one namespace in their order; for one thread."""

    def encode(self, snapshot: Snapshot, *, key: bool) -> bytes:
        """Return all that is needed to have the snapshot again; ``key``: without those before it."""
        sockets = snapshot.sockets
        slots, owner = np.unique(sockets.owner, return_inverse=True)
        columns: dict[str, NDArray[Any]] = {name: getattr(sockets, name) for name in DTYPES}
        columns["owner"] = owner.astype(np.uint32)
        info = snapshot.tcp_info
        columns |= {
            "info_identity": info.identity,
            "info_silent": info.silent_ms,
            "info_options": info.options,
        }
        if snapshot.udp_ports is not None:
            columns["udp"] = snapshot.udp_ports
        facts = facts_of(snapshot)
        facts["owners"] = [sockets.owners.records[slot] for slot in slots.tolist()]
        facts["info"] = [info.instant_s, info.lack]
        facts["columns"] = [
            [name, np.dtype(column.dtype).str, len(column)] for name, column in columns.items()
        ]
        text = json.dumps(facts).encode()
        body = b"".join(
            [len(text).to_bytes(4, "little"), text, *(each.tobytes() for each in columns.values())]
        )
        return zlib.compress(body, 1)
