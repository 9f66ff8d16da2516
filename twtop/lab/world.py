"""The demo world: a small busy server in a private network, churning beside twtop until told to stop."""

from __future__ import annotations

import ctypes
import os
import signal
import time
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final, NoReturn, Self

from twtop.core.states import State
from twtop.errors import HostError
from twtop.lab.checkout import PORTS, checkout
from twtop.lab.checkout import addresses as services
from twtop.lab.lab import Lab
from twtop.lab.namespaces import NetworkNamespace, require_namespaces
from twtop.lab.scenes import Scene, play
from twtop.lab.storefront import addresses as visitors
from twtop.lab.storefront import storefront

if TYPE_CHECKING:
    from collections.abc import Callable

_PR_SET_PDEATHSIG: Final = 1  # include/uapi/linux/prctl.h
_PR_SET_NAME: Final = 15

_READY_WITHIN_S: Final = 20.0
_SHOWN: Final = {f"{state:02X}" for state in State if state is not State.UNCONN}
"""The states as /proc/net/tcp writes them; it has no row for a socket that is only bound."""


class World:
    """Two processes, ``checkout`` and ``storefront``, on a host that the calling process has moved into.

    They end with the calling thread, however it ends; their last orphaned sockets follow within minutes.
    """

    def __init__(self, seed: int) -> None:
        self._home = NetworkNamespace.current()
        self.lab = Lab()
        self.pids: list[int] = []
        for address in (*services(self.lab), *visitors(self.lab)):
            self.lab.server.add_address(address)
        self.lab.client.sysctl("net.ipv4.ip_local_port_range", f"{PORTS[0]} {PORTS[1]}")
        reading, writing = os.pipe()
        for number, role in enumerate((checkout, storefront)):
            self.pids.append(_fork(role, self.lab, Random(seed + number), writing))  # noqa: S311 - no secrets
        os.close(writing)
        self._complaints = reading
        self.lab.client.namespace.enter()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def wait_until_busy(self) -> None:
        """Wait until every state exists here; HostError if a process of the world fails or time is up."""
        deadline, late = time.monotonic() + _READY_WITHIN_S, False
        while missing := _SHOWN - _states_here():
            if any(os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) for pid in self.pids):
                first, _, _ = os.read(self._complaints, 4096).decode().partition("\n")
                raise HostError(f"the demo world failed: {first}")
            if late:
                names = ", ".join(State(int(number, 16)).label for number in sorted(missing))
                raise HostError(f"the demo world has no {names} after {_READY_WITHIN_S:.0f} s")
            # While others make hundreds of thousands of sockets a single reading may take that long.
            late = time.monotonic() > deadline
            time.sleep(0.02)

    def close(self) -> None:
        """End the world's processes and return to where the calling process came from."""
        for pid in self.pids:
            os.kill(pid, signal.SIGTERM)
        for pid in self.pids:
            os.waitpid(pid, 0)
        self.pids.clear()
        os.close(self._complaints)
        self._home.enter()
        self._home.close()
        self.lab.close()


def start_world(*, seed: int = 1) -> World:
    """Move the calling process into a private host on which every TCP state occurs, and keep it busy.

    Call it before the process has threads. ``seed`` decides who comes and when. Nothing of the host's own
    network is touched. Raises HostError if private namespaces are impossible or the world does not start.
    """
    require_namespaces()
    world = World(seed)
    try:
        world.wait_until_busy()
    except BaseException:
        world.close()
        raise
    return world


def _states_here() -> set[str]:
    rows = Path("/proc/thread-self/net/tcp").read_text().splitlines()[1:]
    return {row.split()[3] for row in rows}


def _fork(role: Callable[[Lab, Random], list[Scene]], lab: Lab, random: Random, complaints: int) -> int:
    parent = os.getpid()
    pid = os.fork()
    if pid == 0:
        _be(role, lab, random, complaints, parent)
    return pid


def _be(
    role: Callable[[Lab, Random], list[Scene]], lab: Lab, random: Random, complaints: int, parent: int
) -> NoReturn:
    try:
        libc = ctypes.CDLL(None)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.prctl(_PR_SET_NAME, role.__name__.encode())
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        silence = os.open(os.devnull, os.O_RDWR)
        for standard in range(3):
            os.dup2(silence, standard)
        # The parent may have died before the kernel was asked to tell.
        if os.getppid() == parent:
            lab.client.namespace.enter()
            play(role(lab, random), random)
    except BaseException as error:
        os.write(complaints, f"{role.__name__}: {type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(1)
