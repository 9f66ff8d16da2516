from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

BECOME_NOBODY = """
import ctypes, os
# Everything is imported first: nobody may not be able to read this Python's files.
import pyroute2, concurrent.futures.thread
from twtop.errors import HostError
from twtop.lab.lab import Lab
from twtop.lab.namespaces import NetworkNamespace, enter_user_namespace, require_namespaces
from twtop.lab.recipes import EVERY_STATE
from twtop.lab.world import start_world
os.setgroups([]); os.setgid(65534); os.setuid(65534)
PR_SET_DUMPABLE = 4  # cleared by setuid, and /proc/self would belong to root
ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 1)
"""


def as_nobody(run: Callable[[str], str], script: str) -> str:
    if os.getuid() != 0 or Path("/proc/self/uid_map").read_text().split()[2] == "1":
        pytest.skip("only root can become nobody")
    return run(BECOME_NOBODY + script)


def test_lab_without_privileges(in_new_process: Callable[[str], str]) -> None:
    script = """
try:
    NetworkNamespace.create()
except HostError as error:
    print(error)
require_namespaces()
with Lab() as lab:
    for name in ("time_wait/v4", "closing/v4", "syn_recv_full/v4"):
        made = EVERY_STATE[name](lab)
        print(made.state.label)
    lab.server.sysctl("net.ipv4.tcp_max_tw_buckets", 3)
"""
    assert as_nobody(in_new_process, script).splitlines() == [
        "creating a network namespace needs root or a user namespace",
        "TIME-WAIT",
        "CLOSING",
        "SYN-RECV",
    ]


def test_world_without_privileges(in_new_process: Callable[[str], str]) -> None:
    script = """
with start_world() as world:
    print(len(world.pids))
"""
    assert as_nobody(in_new_process, script) == "2"


def test_forbidden_user_namespaces_are_explained(in_new_process: Callable[[str], str]) -> None:
    script = """
        from pathlib import Path
        from twtop.errors import HostError
        from twtop.lab.namespaces import enter_user_namespace
        enter_user_namespace()
        Path("/proc/sys/user/max_user_namespaces").write_text("0")
        try:
            enter_user_namespace()
        except HostError as error:
            print(error)
    """
    assert in_new_process(script) == (
        "cannot enter a user namespace: No space left on device; user.max_user_namespaces = 0 forbids it: "
        "run as root, or set it to a value like 10000"
    )


def test_threads_are_named_as_the_reason(in_new_process: Callable[[str], str]) -> None:
    script = """
        import threading
        from twtop.errors import HostError
        from twtop.lab.namespaces import enter_user_namespace
        done = threading.Event()
        threading.Thread(target=done.wait).start()
        try:
            enter_user_namespace()
        except HostError as error:
            print(error)
        done.set()
    """
    assert in_new_process(script) == (
        "cannot enter a user namespace: Invalid argument; "
        "this process already has several threads, which unshare(2) does not allow"
    )
