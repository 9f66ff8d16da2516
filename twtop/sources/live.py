"""Snapshots of the running kernel."""

from __future__ import annotations

import time
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NamedTuple, Self

from twtop.core.snapshot import Snapshot, snapshot
from twtop.core.sockets import Sockets
from twtop.core.states import ALL_STATES, BOUND_INACTIVE, State
from twtop.errors import KernelError
from twtop.kernel.counters import holds_sockets, read_counters
from twtop.kernel.host import HostInfo, read_host
from twtop.kernel.own_session import read_own_session
from twtop.kernel.procnet import read_tcp_tables
from twtop.kernel.sockdiag.dumps import SockDiag, kernel_lists_bound_inactive
from twtop.kernel.sockdiag.one_socket import SocketReader
from twtop.kernel.sysctl import read_sysctls
from twtop.kernel.sysctl_files import read_sysctl_files
from twtop.kernel.udp import read_udp_ports
from twtop.sources.tcp_info import TcpInfoReader

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from twtop.core.own_session import Session
    from twtop.core.settings import Setting
    from twtop.kernel.sockdiag.bytecode import KernelFilter

_CONNECTED: Final = ALL_STATES & ~State.LISTEN.bit & ~State.UNCONN.bit
_ATTEMPTS: Final = 2
UNLISTED: Final = "sockets only bound (UNCONN) cannot be listed here: that takes netlink and Linux 6.8"
_BOUND_SHARE: Final = 100
_FILES_EVERY_S: Final = 60.0
"""How often configuration files are read again."""


class _Bound(NamedTuple):
    """Bound-inactive sockets as they were listed last, and when to list them again."""

    sockets: Sockets
    due_s: float


class Known(NamedTuple):
    """What is the same in all network namespaces."""

    lists_bound: bool
    """What `kernel_lists_bound_inactive` says."""
    session: Session


class LiveSource:
    """The network namespace of the creating thread, over netlink, or through /proc where that is refused.

    The kernel finds bound-inactive sockets by walking everything that has a port; where that takes long they
    are listed less often, so that they cost a hundredth of the CPU time at most.
    """

    def __init__(self, name: str | None = None, known: Known | None = None) -> None:
        """``name`` is what a namespace that is not the machine's first one is called.

        ``known`` need not be found out again.
        """
        self.host: HostInfo = read_host()
        if name is not None and self.host.namespaced:
            self.host = self.host._replace(namespace_label=name)
        self.refusal: str | None = None
        """Why netlink cannot be used; None if it can."""
        self.reader: SocketReader | None = None
        """Reads one socket in full; None where netlink cannot be used."""
        self._diag: SockDiag | None = None
        self._bound: _Bound | None = None
        self._tcp_info = TcpInfoReader()
        self._configured: dict[str, Setting] = {}
        self._files_due_s = 0.0
        self._session = read_own_session() if known is None else known.session
        try:
            self._diag = SockDiag()
            self.reader = SocketReader()
            if kernel_lists_bound_inactive(self._diag) if known is None else known.lists_bound:
                self._bound = _Bound(Sockets.empty(), 0.0)
        except KernelError as error:
            self.refusal = str(error)
            self.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the netlink sockets; a closed source reads /proc."""
        if self.reader is not None:
            self.reader.close()
            self.reader = None
        if self._diag is not None:
            self._diag.close()
            self._diag = None

    def has_sockets(self) -> bool:
        """Tell whether there are any, as far as the kernel's own count tells; cheap."""
        return holds_sockets()

    @property
    def lists_bound_inactive(self) -> bool:
        """Tell whether sockets that are bound and nothing else can be listed here."""
        return self._diag is not None and self._bound is not None

    def take(self, wanted: KernelFilter | None = None) -> Snapshot:
        """Take a snapshot; with a filter, only of sockets it may match, and all listeners and bound ones.

        Raises:
            KernelError: the kernel refuses both netlink and /proc, or sends damaged answers twice.
        """
        start_s = time.monotonic()
        sockets, remarks = self._from_netlink(wanted) if self._diag else self._from_proc()
        return self._snapshot(sockets, remarks, self._udp_ports(), start_s)

    def take_idle(self) -> Snapshot:
        """Take a snapshot of a namespace without sockets: nothing is looked for, which costs little.

        Sockets that are only bound are missed, and UDP ports unknown.
        """
        return self._snapshot(Sockets.empty(), (), None, time.monotonic())

    def _snapshot(
        self, sockets: Sockets, remarks: tuple[str, ...], udp_ports: NDArray[np.uint16] | None, start_s: float
    ) -> Snapshot:
        wall_s, instant_s = time.time(), time.monotonic()
        counters = read_counters()
        return snapshot(
            replace(sockets, namespaces={0: self.host.namespace_label}),
            wall_s=wall_s,
            instant_s=instant_s,
            reading_ms=round(1000 * (instant_s - start_s)),
            sysctls=read_sysctls(),
            counters=counters,
            udp_ports=udp_ports,
            degraded=(*remarks, *counters.problems),
            unlisted=None if self.lists_bound_inactive else UNLISTED,
            configured=self._read_files(instant_s),
            tcp_info=self._tcp_info.read(self._diag, sockets),
            exact_cookies=self._diag is not None,
            own_session=self._session.cookies(sockets),
        )

    def _from_netlink(self, wanted: KernelFilter | None) -> tuple[Sockets, tuple[str, ...]]:
        assert self._diag is not None  # noqa: S101 - for mypy
        states = _CONNECTED if wanted is None else wanted.states & _CONNECTED
        bytecode = None if wanted is None else wanted.bytecode
        for attempt in range(_ATTEMPTS):
            try:
                # Who is listed twice counts as listed last: what may be of an earlier time comes first.
                bound = self._list_bound(self._diag)
                listening = self._diag.dump_tcp(State.LISTEN.bit).sockets
                dump = self._diag.dump_tcp(states, bytecode, after=(bound, listening))
                break
            except KernelError:
                if attempt == _ATTEMPTS - 1:
                    raise
        remarks: list[str] = []
        if dump.interrupted:
            remarks.append("the socket table changed during the dump: some sockets may be missing or twice")
        return dump.sockets, tuple(remarks)

    def _list_bound(self, diag: SockDiag) -> Sockets:
        if self._bound is None:
            return Sockets.empty()
        if time.monotonic() < self._bound.due_s:
            return self._bound.sockets
        start_cpu_s = time.thread_time()
        sockets = diag.dump_tcp(1 << BOUND_INACTIVE).sockets
        cost_s = time.thread_time() - start_cpu_s
        self._bound = _Bound(sockets, time.monotonic() + _BOUND_SHARE * cost_s)
        return sockets

    def _from_proc(self) -> tuple[Sockets, tuple[str, ...]]:
        return read_tcp_tables(), (f"{self.refusal or 'netlink is closed'}: reading /proc/net/tcp",)

    def _read_files(self, now_s: float) -> dict[str, Setting]:
        if now_s >= self._files_due_s:
            self._configured = read_sysctl_files()
            self._files_due_s = now_s + _FILES_EVERY_S
        return self._configured

    def _udp_ports(self) -> NDArray[np.uint16] | None:
        with suppress(KernelError):
            return read_udp_ports(self._diag)
        return None
