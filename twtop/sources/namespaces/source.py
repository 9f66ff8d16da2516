"""Snapshots of a network namespace that need not be that of the thread."""

from __future__ import annotations

import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final, Protocol

from twtop.core.snapshot import Snapshot, snapshot
from twtop.core.sockets import Sockets
from twtop.core.sysctls import Sysctls
from twtop.core.tcp_info import no_tcp_info
from twtop.errors import KernelError, system_reason
from twtop.kernel.counters import holds_sockets, read_counters
from twtop.kernel.host import HostInfo, read_host
from twtop.kernel.namespaces.held import HeldNamespace
from twtop.kernel.namespaces.listing import PROC, process_in
from twtop.kernel.own_session import read_own_session
from twtop.kernel.procnet import read_tcp_tables
from twtop.kernel.sockdiag.dumps import SockDiag, kernel_lists_bound_inactive
from twtop.kernel.sysctl import WATCHED
from twtop.kernel.udp import read_udp_ports
from twtop.sources.live import UNLISTED, Known, LiveSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import numpy as np
    from numpy.typing import NDArray

    from twtop.kernel.namespaces.listing import Namespace
    from twtop.kernel.sockdiag.bytecode import KernelFilter
    from twtop.kernel.sockdiag.one_socket import SocketReader

_NO_PRIVILEGE: Final = "entering it needs CAP_SYS_ADMIN"
_UNKNOWN_SYSCTL: Final = f"/proc/sys shows a namespace only from inside, and {_NO_PRIVILEGE}"


class Source(Protocol):
    """Where the snapshots of one namespace come from."""

    host: HostInfo
    reader: SocketReader | None
    """Reads one socket in full; None where that is impossible."""

    def take(self, wanted: KernelFilter | None = None) -> Snapshot:
        """Take a snapshot; raises KernelError."""

    def take_idle(self) -> Snapshot:
        """Take a snapshot without looking for sockets; raises KernelError."""

    def has_sockets(self) -> bool:
        """Tell whether there are any, as far as the kernel's own count tells; cheap."""

    def close(self) -> None:
        """Let go of the namespace."""


def open_source(namespace: Namespace) -> Source:
    """Open a namespace: from inside, or, where it may not be entered, through the files of a process in it.

    Raises KernelError, with the reason, where neither can be done.
    """
    if namespace.own:
        return LiveSource()
    try:
        return EnteredSource(namespace)
    except PermissionError as error:
        if process_in(namespace) is None:
            reason = "there is no process in it that could be looked at instead"
            raise KernelError(f"namespace {namespace.name}: {_NO_PRIVILEGE}, and {reason}") from error
        return OutsideSource(namespace)
    except OSError as error:
        reason = system_reason(error)
        raise KernelError(f"namespace {namespace.name}: cannot be entered: {reason}") from error


class EnteredSource:
    """A namespace that the thread enters for every snapshot, and leaves again; for one thread."""

    def __init__(self, namespace: Namespace) -> None:
        """Enter it for the first time; raises OSError."""
        self._held = _hold(namespace)
        try:
            known = _known()
            with self._held.entered():
                self._live = LiveSource(namespace.name, known)
        except OSError:
            self._held.close()
            raise
        self.host, self.reader = self._live.host, self._live.reader

    def take(self, wanted: KernelFilter | None = None) -> Snapshot:
        """Take a snapshot as `LiveSource` does."""
        with self._inside():
            return self._live.take(wanted)

    def take_idle(self) -> Snapshot:
        """Take a snapshot without looking for sockets, as `LiveSource` does."""
        with self._inside():
            return self._live.take_idle()

    def has_sockets(self) -> bool:
        """Look at the kernel's own count."""
        with self._inside():
            return self._live.has_sockets()

    @contextmanager
    def _inside(self) -> Iterator[None]:
        try:
            with self._held.entered():
                yield
        except OSError as error:
            name, reason = self.host.namespace_label, system_reason(error)
            raise KernelError(f"namespace {name}: cannot be entered any more: {reason}") from error

    def close(self) -> None:
        """Let go: as long as it is held, the namespace cannot end."""
        self._live.close()
        self._held.close()


@cache
def _known() -> Known:
    """Find out once, and in the thread's own namespace, what is the same in all."""
    try:
        with SockDiag() as diag:
            lists_bound = kernel_lists_bound_inactive(diag)
    except KernelError:
        lists_bound = False
    return Known(lists_bound, read_own_session())


def _hold(namespace: Namespace) -> HeldNamespace:
    paths = [namespace.path, *(f"{PROC}/{pid}/ns/net" for pid in namespace.pids)]
    refused: OSError | None = None
    for path in filter(None, paths):
        try:
            held = HeldNamespace.open(path)
        except OSError as error:
            refused = refused or error
            continue
        # Meanwhile the process may have left, and its id be another's.
        if held.inode == namespace.number:
            return held
        held.close()
    raise refused or OSError(None, "it is gone")


class OutsideSource:
    """A namespace that may not be entered, as ``/proc/PID/net`` of a process in it shows it."""

    def __init__(self, namespace: Namespace) -> None:
        self._namespace = namespace
        self.reader: SocketReader | None = None
        self.host = read_host()._replace(namespace_label=namespace.name, namespaced=namespace.name != "host")

    def take(self, wanted: KernelFilter | None = None) -> Snapshot:
        """Take a snapshot of all sockets, whatever is wanted; sysctls are unknown.

        Raises KernelError where the files cannot be read, or no known process is left.
        """
        return self._take(read_tcp_tables, _udp_ports)

    def take_idle(self) -> Snapshot:
        """Take a snapshot without looking for sockets; raises KernelError as `take` does."""
        return self._take(lambda _: Sockets.empty(), lambda _: None)

    def _take(
        self, tcp: Callable[[Path], Sockets], udp: Callable[[Path], NDArray[np.uint16] | None]
    ) -> Snapshot:
        start_s = time.monotonic()
        pid, root = self._process()
        sockets, udp_ports = tcp(root), udp(root)
        wall_s, instant_s = time.time(), time.monotonic()
        counters = read_counters(root)
        if process_in(self._namespace) != pid:
            name = self._namespace.name
            raise KernelError(f"namespace {name}: process {pid} left while its files were read")
        return snapshot(
            replace(sockets, namespaces={0: self._namespace.name}),
            wall_s=wall_s,
            instant_s=instant_s,
            reading_ms=round(1000 * (instant_s - start_s)),
            sysctls=Sysctls({}, dict.fromkeys(WATCHED, _UNKNOWN_SYSCTL)),
            counters=counters,
            udp_ports=udp_ports,
            degraded=(self._remark(pid), *counters.problems),
            unlisted=UNLISTED,
            tcp_info=no_tcp_info(f"there is tcp_info over netlink only, and {_NO_PRIVILEGE}"),
            exact_cookies=False,
        )

    def has_sockets(self) -> bool:
        """Look at the kernel's own count."""
        return holds_sockets(self._process()[1])

    def close(self) -> None:
        """Let go: nothing is held."""

    def _process(self) -> tuple[int, Path]:
        pid = process_in(self._namespace)
        if pid is None:
            raise KernelError(f"namespace {self._namespace.name}: its processes have ended")
        return pid, Path(f"{PROC}/{pid}/net")

    def _remark(self, pid: int) -> str:
        return (
            f"namespace {self._namespace.name}: {_NO_PRIVILEGE}; read from /proc/{pid}/net: sysctls unknown"
            " (ports by the kernel's defaults), cookies made of addresses and ports"
        )


def _udp_ports(root: Path) -> NDArray[np.uint16] | None:
    with suppress(KernelError):
        return read_udp_ports(None, root)
    return None
