from __future__ import annotations

import os
import socket
from pathlib import Path

import numpy as np
import psutil
import pytest

from tests.kernel.processes.held import as_nobody, child, forked
from tests.lab.oracle import eventually
from twtop.kernel.processes.reading import Process, glance, list_processes, read_process


def inode(made: socket.socket) -> int:
    return os.fstat(made.fileno()).st_ino


def read(pid: int) -> Process:
    process = read_process(pid)
    assert process is not None
    return process


def sockets(pid: int) -> list[int]:
    held = read(pid).sockets
    assert held is not None
    return [int(each) for each in held]


def test_a_process_is_what_psutil_says_it_is() -> None:
    with child() as held:
        process, known = read(held.pid), psutil.Process(held.pid)
        assert process.pid == held.pid
        assert process.command == known.name()
        assert process.uid == known.uids().effective
        boot_s = psutil.boot_time()
        assert boot_s + process.start / os.sysconf("SC_CLK_TCK") == pytest.approx(known.create_time(), abs=1)


def test_its_sockets_are_those_it_has_descriptors_of() -> None:
    with socket.socket() as one, socket.socket() as other, child(one.fileno()) as held:
        assert sockets(held.pid) == [inode(one)]
        again = os.dup(one.fileno())
        mine = read(os.getpid()).sockets
        os.close(again)
        assert mine is not None
        assert mine.dtype == np.uint32
        assert {inode(one), inode(other)} <= set(mine.tolist())
        assert mine.tolist() == sorted(set(mine.tolist()))


def test_a_fork_holds_the_same_sockets() -> None:
    with socket.socket() as made, forked() as pid:
        assert inode(made) in sockets(pid)
        assert inode(made) in sockets(os.getpid())


def test_exec_keeps_pid_and_start_and_changes_the_name() -> None:
    with child() as held:
        before = read(held.pid)
        held.become_sleep()
        eventually(lambda: read(held.pid).command, "sleep")
        assert read(held.pid).start == before.start


def test_a_name_cannot_end_its_field_or_reach_the_terminal() -> None:
    with child() as held:
        held.run(r"open('/proc/self/comm', 'wb').write(b') S 1\n\x1b[2J\xff')")
        process = read(held.pid)
        assert process.command == ") S 1??[2J?"
        assert process.start >= read(os.getpid()).start
        assert process.uid == os.getuid()


def test_who_is_gone_is_nobody() -> None:
    with child() as held:
        pid = held.pid
        assert pid in list_processes()
    assert read_process(pid) is None
    assert pid not in list_processes()


def test_a_thread_of_the_kernel_has_nothing() -> None:
    if not Path("/proc/2/comm").exists() or Path("/proc/2/comm").read_text() != "kthreadd\n":
        pytest.skip("no kernel threads in this pid namespace")
    process = read(2)
    assert process.is_kernel_thread
    assert process.sockets is not None
    assert not process.sockets.size


def test_a_glance_tells_that_a_descriptor_has_come() -> None:
    with child() as held:
        before = glance(held.pid)
        if not before:
            pytest.skip("this kernel does not tell the number of descriptors: that takes Linux 6.2")
        assert before == glance(held.pid) == read(held.pid).descriptors
        held.run("global s; s = socket.socket()")
        assert glance(held.pid) != before
    assert glance(held.pid) == 0


def test_the_same_pid_later_is_another_process() -> None:
    last = Path("/proc/sys/kernel/ns_last_pid")
    if not os.access(last, os.W_OK):
        pytest.skip("only root may choose the next pid")
    with forked() as pid:
        first = read(pid)
    # Somebody else may fork first.
    for _ in range(100):
        last.write_text(str(pid - 1))
        with forked() as again:
            if again == pid:
                second = read(pid)
                assert second.start >= first.start
                assert second.descriptors != first.descriptors or not first.descriptors
                return
    pytest.skip("others were faster to take the pid")


def test_who_may_not_be_read_is_there_all_the_same() -> None:
    with socket.socket() as made, child(made.fileno()) as held:
        seen = as_nobody(
            "from twtop.kernel.processes.reading import read_process",
            f"process = read_process({held.pid})\n"
            "print(process.command, process.uid, process.sockets, bool(process.start))",
        )
        assert seen == f"{read(held.pid).command} {os.getuid()} None True"


@pytest.mark.parametrize(("option", "shown"), [("invisible", "False"), ("noaccess", "True")])
def test_hidden_processes_are_not_listed_or_refused(option: str, shown: str) -> None:
    with child() as held:
        said = as_nobody(
            "from twtop.kernel.processes.access import why_not_all\n"
            "from twtop.kernel.processes.reading import list_processes, read_process",
            f"process = read_process({held.pid})\n"
            f"print({held.pid} in list_processes(), process and process.sockets, why_not_all(0))",
            setup=f"mount -t proc -o hidepid={option} proc /proc",
        )
    reason = f"/proc is mounted with hidepid={option}: the rest needs CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"
    assert said == f"{shown} None {reason}"


def test_what_is_missing_for_reading_all_is_named() -> None:
    said = as_nobody("from twtop.kernel.processes.access import why_not_all", "print(why_not_all(7))")
    assert said == "the rest needs CAP_SYS_PTRACE and CAP_DAC_READ_SEARCH"


def test_another_pid_namespace_hides_the_rest() -> None:
    said = as_nobody(
        "import os\nfrom twtop.kernel.processes.access import why_not_all\n"
        "from twtop.kernel.processes.reading import list_processes",
        "print(len(list_processes()) < 5, why_not_all(0))",
        unshare="-mpf",
        setup="mount -t proc proc /proc",
    )
    assert said == "True /proc shows this pid namespace only: processes of others may hold the rest"
