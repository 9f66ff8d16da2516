"""What psutil knows of one process."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from twtop.core.details.units import bytes_words, duration_words
from twtop.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable

_MOST_FILES: Final = "Max open files"
_LONGEST: Final = 500
"""Characters of a command line or path that are shown."""
_SAME_START_S: Final = 2.0


class ProcessFacts(NamedTuple):
    """Titles and texts, fit for a terminal; ``lack`` says what is missing, and why."""

    rows: tuple[tuple[str, str], ...] = ()
    lack: str | None = None


class ProcessReader:
    """Reads one process again and again: its CPU time is a share of the time between two readings."""

    def __init__(self, pid: int, start_ticks: int) -> None:
        self._pid = pid
        self._start_ticks = start_ticks
        self._process: Any = None

    def read(self) -> ProcessFacts:
        """Return what may be known; never raises."""
        # Imported when details are opened first: it takes 50 ms.
        import psutil

        try:
            if self._process is None:
                self._process = self._found(psutil)
            if self._process is None or not self._process.is_running():
                return ProcessFacts(lack=f"process {self._pid} has ended")
            with self._process.oneshot():
                return self._facts(psutil)
        except (psutil.Error, OSError):
            return ProcessFacts(lack=f"process {self._pid} has ended, or may not be looked at")

    def _found(self, psutil: Any) -> Any:
        """Return the process, None where another one has its pid now."""
        process = psutil.Process(self._pid)
        since_boot_s = process.create_time() - psutil.boot_time()
        same = abs(since_boot_s - self._start_ticks / os.sysconf("SC_CLK_TCK")) <= _SAME_START_S
        return process if same or not self._start_ticks else None

    def _facts(self, psutil: Any) -> ProcessFacts:
        rows, refused = [], []
        for title, read in _FACTS.items():
            try:
                text = read(self._process)
            except (psutil.AccessDenied, PermissionError):
                refused.append(title)
            except (psutil.Error, OSError, ValueError, AttributeError):
                # A zombie, or one that ends just now, has hardly anything left to tell.
                continue
            else:
                rows.append((title, _shortened(printable(text))))
        lack = f"{', '.join(refused)}: only for the same user, or with CAP_SYS_PTRACE" if refused else None
        return ProcessFacts(tuple(rows), lack)


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."


def _started(process: Any) -> str:
    created = process.create_time()
    clock = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(created))
    return f"{clock}, {duration_words(round(1e6 * max(0.0, time.time() - created)))} ago"


def _open_files(process: Any) -> str:
    return f"{process.num_fds():,}{_limit(process.pid)}"


def _limit(pid: int) -> str:
    """Say how many files it may open: the file tells everybody, prlimit(2) wants CAP_SYS_RESOURCE."""
    for line in Path(f"/proc/{pid}/limits").read_text().splitlines():
        if line.startswith(_MOST_FILES):
            soft = line.removeprefix(_MOST_FILES).split()[0]
            return f" of {int(soft):,} (ulimit -n)" if soft.isdecimal() else " of any number"
    return ""


_FACTS: Final[dict[str, Callable[[Any], str]]] = {
    "command line": lambda process: " ".join(process.cmdline()) or process.name(),
    "status": lambda process: str(process.status()),
    "started": _started,
    "user": lambda process: str(process.username()),
    "directory": lambda process: str(process.cwd()),
    "CPU": lambda process: f"{process.cpu_percent():.1f} % of a core since the last look",
    "memory": lambda process: bytes_words(process.memory_info().rss),
    "threads": lambda process: f"{process.num_threads():,}",
    "open files": _open_files,
}
"""Whatever a process says is hostile: it is made printable, and cut."""
