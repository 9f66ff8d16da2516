"""What the kernel lets the calling thread do. Sources: capabilities(7), include/uapi/linux/capability.h."""

from __future__ import annotations

from contextlib import suppress
from enum import IntFlag
from pathlib import Path
from typing import Final

_STATUS: Final = Path("/proc/thread-self/status")


class Capability(IntFlag):
    """Some capabilities, as bits of a set."""

    DAC_OVERRIDE = 1 << 1
    DAC_READ_SEARCH = 1 << 2
    NET_ADMIN = 1 << 12
    NET_RAW = 1 << 13
    SYS_PTRACE = 1 << 19
    SYS_ADMIN = 1 << 21


def effective_capabilities() -> int:
    """Return the effective set of the calling thread, 0 where /proc does not tell it."""
    with suppress(OSError, ValueError):
        for line in _STATUS.read_text().splitlines():
            if line.startswith("CapEff:"):
                return int(line.split()[1], 16)
    return 0
