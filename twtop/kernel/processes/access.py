"""Why some processes cannot be read.

To list another user's descriptors takes CAP_DAC_READ_SEARCH (the folder is ``dr-x------``), to read the links
takes CAP_SYS_PTRACE (kernel/ptrace.c, ``ptrace_may_access``); both seen on Linux 6.18. ``hidepid`` of proc(5)
hides whole processes from who lacks the latter, and a pid namespace shows its own only.
"""

from __future__ import annotations

from typing import Final

from twtop.kernel.capabilities import Capability, effective_capabilities
from twtop.kernel.host import in_initial_pid_namespace
from twtop.kernel.mounts import mounts

_HIDING: Final = {"1", "2", "4", "noaccess", "invisible", "ptraceable"}
"""Values of hidepid before and since Linux 5.8."""


def why_not_all(refused: int) -> str | None:
    """Say why some sockets' processes cannot be found, when so many processes refused; None if all can.

    In words that go on from what could be found: ``the rest needs CAP_SYS_PTRACE``. Never raises.
    """
    lacking = _lacking_capabilities()
    hiding = _hidepid()
    if hiding and "CAP_SYS_PTRACE" in lacking:
        return f"/proc is mounted with hidepid={hiding}: the rest needs {lacking}"
    if refused and lacking:
        return f"the rest needs {lacking}"
    if in_initial_pid_namespace() is False:
        return "/proc shows this pid namespace only: processes of others may hold the rest"
    if refused:
        processes = "1 process" if refused == 1 else f"{refused:,} processes"
        return f"{processes} may not be read here, whatever the capabilities"
    return None


def _lacking_capabilities() -> str:
    """Name the capabilities for reading all processes that the calling thread lacks, joined by ``and``."""
    effective = effective_capabilities()
    lacking = [] if effective & Capability.SYS_PTRACE else ["CAP_SYS_PTRACE"]
    if not effective & (Capability.DAC_READ_SEARCH | Capability.DAC_OVERRIDE):
        lacking.append("CAP_DAC_READ_SEARCH")
    return " and ".join(lacking)


def _hidepid() -> str:
    """Return the option of /proc that hides other users' processes, empty where there is none."""
    # The last one mounted there covers the others.
    shown = [mount for mount in mounts("proc") if mount.place == "/proc"][-1:]
    found = shown[0].options.get("hidepid", "") if shown else ""
    return found if found in _HIDING else ""
