"""Which host this is, and whether twtop can run on it.

Nothing here, nor in what it imports, may need a Python younger than 3.8 to be compiled and imported: an older
Python than twtop needs must get as far as `check_platform`.
"""

from __future__ import annotations

import os
import re
import sys
from contextlib import suppress
from pathlib import Path
from typing import Final, NamedTuple

from twtop.core.text import printable
from twtop.errors import HostError

MINIMUM_PYTHON: Final = (3, 11)
MINIMUM_KERNEL: Final = (4, 19)

_OWN_NAMESPACE: Final = Path("/proc/thread-self/ns/net")
_ONLY_IN_THE_INITIAL_NAMESPACE: Final = Path("/proc/sys/net/ipv4/tcp_mem")
_OWN_PID_NAMESPACE: Final = Path("/proc/self/ns/pid")
_INITIAL_PID_NAMESPACE: Final = 0xEFFF_FFFC
"""PROC_PID_INIT_INO, include/linux/proc_ns.h."""


def check_platform(
    system: str = sys.platform,
    python: tuple[int, ...] = sys.version_info[:2],
    release: str | None = None,
) -> None:
    """Raise HostError, with what is here and what is needed, unless this is Linux and young enough.

    `release` is that of the running kernel unless given; one that does not begin with a version passes.
    """
    if system != "linux":
        raise HostError("twtop needs Linux; this is " + system)
    if python < MINIMUM_PYTHON:
        raise HostError("twtop needs Python {}.{} or later; this is {}.{}".format(*MINIMUM_PYTHON, *python))
    release = os.uname().release if release is None else release
    if kernel_version(release, MINIMUM_KERNEL) < MINIMUM_KERNEL:
        raise HostError(
            "twtop needs Linux {}.{} or later; this is {}".format(*MINIMUM_KERNEL, printable(release))
        )


def kernel_version(release: str, otherwise: tuple[int, int]) -> tuple[int, int]:
    """Return the version that the release of a kernel begins with; ``otherwise`` where it has none."""
    version = re.match(r"([0-9]{1,9})\.([0-9]{1,9})", release)
    return (int(version[1]), int(version[2])) if version else otherwise


class HostInfo(NamedTuple):
    """What the header says about the host; every text is fit for a terminal."""

    hostname: str
    kernel: str
    """The release of the kernel, for example ``6.12.41+deb13-amd64``."""
    namespace_label: str
    """``host``, or the name that ``ip netns`` gave the network namespace, or its inode number."""
    namespaced: bool
    """The network namespace is not the one the machine started with."""


def read_host(named_namespaces: Path = Path("/run/netns")) -> HostInfo:
    """Describe the host and the network namespace of the calling thread; never raises."""
    names = os.uname()
    namespaced = not in_initial_namespace()
    label = _namespace_label(named_namespaces) if namespaced else "host"
    return HostInfo(printable(names.nodename), printable(names.release), label, namespaced)


def in_initial_namespace() -> bool:
    """Tell whether the calling thread is in the network namespace that the machine started with.

    It is recognised by sysctls that no other has (net/ipv4/sysctl_net_ipv4.c, ``ipv4_table``): that needs no
    privilege, and is right inside a container, where process 1 is no witness.
    """
    return _ONLY_IN_THE_INITIAL_NAMESPACE.exists()


def in_initial_pid_namespace() -> bool | None:
    """Tell whether /proc shows every process of the machine; None where that cannot be seen."""
    with suppress(OSError):
        return _OWN_PID_NAMESPACE.stat().st_ino == _INITIAL_PID_NAMESPACE
    return None


def _namespace_label(named_namespaces: Path) -> str:
    try:
        own = _OWN_NAMESPACE.stat()
    except OSError:
        return "unknown"
    # No such folder, or a name deleted just now: then a number has to do.
    with suppress(OSError):
        for entry in sorted(named_namespaces.iterdir()):
            if os.path.samestat(entry.stat(), own):
                return printable(entry.name)
    return str(own.st_ino)
