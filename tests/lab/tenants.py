"""Processes that live in a namespace, by which it can be found."""

from __future__ import annotations

import os
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from twtop.lab.host import Host
    from twtop.lab.namespaces import NetworkNamespace

BECOME_NOBODY = """
import os
# Everything is imported first: nobody may not be able to read this Python's files.
import concurrent.futures.thread, ctypes, encodings.idna, json
from twtop.core.names.labels import NO_LABELS
from twtop.diagnosis import doctor
from twtop.errors import TwtopError
from twtop.kernel.namespaces.choice import choose_namespace
from twtop.kernel.namespaces.listing import find_namespaces
from twtop.sources.namespaces.source import open_source
from twtop.sources.watch import ALL, Watch
os.setgroups([]); os.setgid(65534); os.setuid(65534)
ctypes.CDLL(None).prctl(4, 1)  # PR_SET_DUMPABLE, cleared by setuid: /proc/self would belong to root
"""


@contextmanager
def tenant(home: Host | NetworkNamespace) -> Iterator[int]:
    """Let a process live in a namespace; yields its id."""
    with home.entered():
        process = subprocess.Popen(["sleep", "600"])
    try:
        yield process.pid
    finally:
        process.kill()
        process.wait()


def as_nobody(run: Callable[[str], str], script: str) -> str:
    """Run a script in a process without any privilege; return its output."""
    if os.getuid() != 0 or Path("/proc/self/uid_map").read_text().split()[2] == "1":
        pytest.skip("only root can become nobody")
    return run(BECOME_NOBODY + script)
