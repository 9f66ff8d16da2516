"""Sockets by the service they belong to: a port served here, or a destination elsewhere."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from twtop.diagnosis.groups import REMOTE, groups
from twtop.diagnosis.subjects import on_port, remote_text, towards

if TYPE_CHECKING:
    from twtop.core.filter import Expr
    from twtop.core.sockets import Rows, Sockets
    from twtop.core.states import State
    from twtop.diagnosis.evidence import Evidence


class Service(NamedTuple):
    """Sockets of one service."""

    name: str
    """``port 8080`` where this host serves, ``10.0.0.5:5432`` where it is the client."""
    served: bool
    rows: Rows

    @property
    def where(self) -> str:
        """The name in a sentence: ``on port 8080``, ``towards 10.0.0.5:5432``."""
        return f"on {self.name}" if self.served else f"towards {self.name}"

    def sockets(self, sockets: Sockets, *states: State) -> Expr:
        """Return a filter for all sockets of the service in these states."""
        if self.served:
            return on_port(int(sockets.local_port[self.rows[0]]), *states)
        return towards(sockets, self.rows[0], *states)


def by_service(evidence: Evidence, rows: Rows) -> list[Service]:
    """Group sockets by service, the largest first; 32 served here and 32 elsewhere at most."""
    sockets, span = evidence.sockets, evidence.sysctls.port_range
    port = sockets.local_port[rows]
    # What a listener that is gone has left behind is not ours as a client: connect() chose no such port.
    served = evidence.snapshot.server[rows] | (port < span.low) | (port > span.high)
    here = [
        Service(f"port {int(sockets.local_port[group[0]])}", True, group)
        for group in groups(sockets, rows[served], "local_port")
    ]
    elsewhere = [
        Service(remote_text(sockets, group[0]), False, group)
        for group in groups(sockets, rows[~served], *REMOTE)
    ]
    return sorted(here + elsewhere, key=lambda service: -len(service.rows))
