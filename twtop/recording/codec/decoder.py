"""From bytes to snapshots of one namespace, one after the other."""

from __future__ import annotations

import json
import zlib
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from twtop.core.owners.owner import Owner
from twtop.core.owners.registry import Registry
from twtop.core.snapshot import snapshot
from twtop.core.sockets import DTYPES, Sockets
from twtop.core.tcp_info import TcpInfo
from twtop.recording.codec.facts import from_facts

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from twtop.core.snapshot import Snapshot


class Decoder:
    """Decodes the snapshots of one namespace in their order; for one thread."""

    def __init__(self, registry: Registry | None = None) -> None:
        """``registry`` is shared by the namespaces that are looked at side by side."""
        self._registry = Registry() if registry is None else registry

    def decode(self, body: bytes) -> Snapshot:
        """Return a snapshot as it was; raises RecordingError where the bytes make no sense."""
        raw = zlib.decompress(body)
        begin = 4 + int.from_bytes(raw[:4], "little")
        facts = json.loads(raw[4:begin])
        columns: dict[str, NDArray[Any]] = {}
        for name, dtype, count in facts["columns"]:
            columns[name] = np.frombuffer(raw, dtype, count, begin)
            begin += columns[name].nbytes
        slots = np.array([self._registry.slot(Owner(*owner)) for owner in facts["owners"]], np.uint32)
        columns["owner"] = slots[columns["owner"]]
        sockets = replace(
            Sockets.of({name: columns[name] for name in DTYPES}),
            owners=self._registry.table(),
            namespaces={int(number): name for number, name in facts["namespaces"].items()},
        )
        info = TcpInfo(
            columns["info_identity"], columns["info_silent"], columns["info_options"], *facts["info"]
        )
        whole = snapshot(sockets, udp_ports=columns.get("udp"), tcp_info=info, **from_facts(facts))
        return replace(whole, owners_lack=facts["owners_lack"])

    def skip(self, body: bytes) -> None:
        """Take in a snapshot that nobody wants to see, for the sake of those after it; raises as `decode`."""
        self.decode(body)
