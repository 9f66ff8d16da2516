"""Which ports UDP uses: it draws from the same range as TCP, but from a pool of its own."""

from __future__ import annotations

import socket
from contextlib import suppress
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.states import ALL_STATES
from twtop.errors import KernelError
from twtop.kernel.counters import PROC_NET
from twtop.kernel.procnet import read_tables

if TYPE_CHECKING:
    from pathlib import Path

    from twtop.core.sockets import U16
    from twtop.kernel.sockdiag.dumps import SockDiag

_FAMILIES: Final = (socket.AF_INET, socket.AF_INET6)


def read_udp_ports(diag: SockDiag | None, root: Path = PROC_NET) -> U16:
    """Return the local ports of all UDP sockets, distinct and ascending.

    They are those of the namespace of `diag`. Without one, and where the kernel has no udp_diag, they are
    read from udp and udp6 in `root`, by default those of the calling thread's namespace. A socket has a port
    once it is bound, connected or has sent something (net/ipv4/udp.c, ``udp_lib_get_port``).

    Raises KernelError if neither way is open.
    """
    if diag is not None:
        # The file below will do where the kernel has no udp_diag.
        with suppress(KernelError):
            dumps = [diag.dump_family(family, socket.IPPROTO_UDP, ALL_STATES) for family in _FAMILIES]
            return np.unique(np.concatenate([dump.sockets.local_port for dump in dumps]))
    return np.unique(read_tables("udp", root).local_port)
