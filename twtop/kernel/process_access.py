"""Why some processes cannot be read.

To list another user's descriptors takes CAP_DAC_READ_SEARCH (the folder is ``dr-x------``), to read the links
takes CAP_SYS_PTRACE (kernel/ptrace.c, ``ptrace_may_access``); both seen on Linux 6.18. ``hidepid`` of proc(5)
hides whole processes from who lacks the latter, and a pid namespace shows its own only.
"""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import Final

_PROC: Final = Path("/proc")
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH, _CAP_SYS_PTRACE = 1 << 1, 1 << 2, 1 << 19
_HIDING: Final = {"1", "2", "4", "noaccess", "invisible", "ptraceable"}
"""Values of hidepid before and since Linux 5.8."""
_INITIAL_PID_NAMESPACE: Final = 0xEFFF_FFFC  # include/linux/proc_ns.h, PROC_PID_INIT_INO


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
    if not _sees_all_namespaces():
        return "/proc shows this pid namespace only: processes of others may hold the rest"
    if refused:
        processes = "1 process" if refused == 1 else f"{refused:,} processes"
        return f"{processes} may not be read here, whatever the capabilities"
    return None


def _lacking_capabilities() -> str:
    """Name the capabilities for reading all processes that the calling thread lacks, joined by ``and``."""
    effective = 0
    with suppress(OSError, ValueError):
        for line in (_PROC / "thread-self/status").read_text().splitlines():
            if line.startswith("CapEff:"):
                effective = int(line.split()[1], 16)
    lacking = [] if effective & _CAP_SYS_PTRACE else ["CAP_SYS_PTRACE"]
    if not effective & (_CAP_DAC_READ_SEARCH | _CAP_DAC_OVERRIDE):
        lacking.append("CAP_DAC_READ_SEARCH")
    return " and ".join(lacking)


def _hidepid() -> str:
    """Return the option of /proc that hides other users' processes, empty where there is none."""
    found = ""
    with suppress(OSError):
        for line in (_PROC / "self/mountinfo").read_text("utf-8", "replace").splitlines():
            place, _, kind = line.partition(" - ")
            if place.split()[4] != str(_PROC) or not kind.startswith("proc "):
                continue
            # The last one mounted there covers the others.
            options = dict(option.partition("=")[::2] for option in kind.split()[2].split(","))
            found = options.get("hidepid", "")
    return found if found in _HIDING else ""


def _sees_all_namespaces() -> bool:
    """Tell whether /proc shows the initial pid namespace, and with it every process."""
    try:
        return (_PROC / "self/ns/pid").stat().st_ino == _INITIAL_PID_NAMESPACE
    except OSError:
        return True
