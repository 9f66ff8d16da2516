from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.lab.oracle import eventually
from twtop.core.states import State

if TYPE_CHECKING:
    from collections.abc import Callable


def members(namespace: int) -> set[int]:
    """The processes in a network namespace, by its inode."""
    found = set()
    for link in Path("/proc").glob("[0-9]*/ns/net"):
        try:
            if link.stat().st_ino == namespace:
                found.add(int(link.parts[2]))
        except OSError:
            continue
    return found


def test_every_state_occurs_where_the_caller_is(in_new_process: Callable[[str], str]) -> None:
    script = """
        import os, subprocess
        from twtop.lab.world import start_world
        before = os.stat("/proc/self/ns/net").st_ino
        with start_world(seed=7) as world:
            for line in subprocess.run(["ss", "-tanoH"], capture_output=True, text=True).stdout.splitlines():
                print(line.split()[0])
            inside = os.stat("/proc/self/ns/net").st_ino
            assert all(os.stat(f"/proc/{pid}/ns/net").st_ino == inside != before for pid in world.pids)
        assert os.stat("/proc/self/ns/net").st_ino == before
    """
    seen = set(in_new_process(script).split())
    assert seen == {state.label for state in State if state is not State.UNCONN}


@pytest.mark.usefixtures("namespaces")
def test_world_dies_with_a_killed_caller() -> None:
    script = """if True:
        import os, time
        from twtop.lab.world import start_world
        with start_world() as world:
            print(os.stat("/proc/self/ns/net").st_ino, *world.pids, flush=True)
            time.sleep(60)
    """
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as caller:
        assert caller.stdout is not None
        namespace, *pids = map(int, caller.stdout.readline().split())
        assert members(namespace) == {caller.pid, *pids}
        caller.send_signal(signal.SIGKILL)
    eventually(lambda: members(namespace) | set(filter(_alive, pids)), set())


def _alive(pid: int) -> bool:
    try:
        return "State:\tZ" not in Path("/proc", str(pid), "status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


def test_failing_part_is_reported(in_new_process: Callable[[str], str]) -> None:
    script = """
        from twtop.errors import HostError
        from twtop.lab import world
        def broken(lab, random):
            lab.client.listen(443); lab.client.listen(443)
        world.checkout = broken
        try:
            world.start_world()
        except HostError as error:
            print(error)
    """
    assert (
        in_new_process(script) == "the demo world failed: broken: OSError: [Errno 98] Address already in use"
    )


def test_world_leaves_no_children(in_new_process: Callable[[str], str]) -> None:
    script = """
        import os
        from twtop.lab.world import start_world
        start_world().close()
        try:
            os.waitpid(-1, 0)
        except ChildProcessError:
            print("none")
    """
    assert in_new_process(script) == "none"
