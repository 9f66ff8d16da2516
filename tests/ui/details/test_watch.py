"""One socket watched through frames, without a screen."""

from __future__ import annotations

import os
import re
import socket
import subprocess
from dataclasses import replace
from resource import RLIMIT_NOFILE, setrlimit
from typing import TYPE_CHECKING

import pytest

from tests.kernel.capabilities import without_net_admin
from tests.lab.oracle import eventually, states
from twtop.core.owners.owner import Owner
from twtop.core.signs import UNICODE
from twtop.core.states import State
from twtop.kernel.processes.facts import ProcessReader
from twtop.kernel.processes.reading import read_process
from twtop.lab.specimen import wait_for_state
from twtop.sources.live import LiveSource
from twtop.sources.observer import Observer
from twtop.ui.details.listing import clock_text, entries, heading, whole_text
from twtop.ui.details.watch import Look, SocketWatch

if TYPE_CHECKING:
    from twtop.lab.lab import Lab


def looked(lab: Lab) -> tuple[SocketWatch, Look, LiveSource]:
    """SocketWatch the client's end of a new connection."""
    lab.pair()
    with lab.client.entered():
        source = LiveSource()
    frame = Observer(source.host, reader=source.reader).observe(source.take())
    watch = SocketWatch(frame.moment.snapshot.sockets)
    look = watch.look(frame)
    assert look is not None
    return watch, look, source


def test_a_socket_goes_with_its_namespace(lab: Lab) -> None:
    watch, before, source = looked(lab)
    with source:
        after = watch.look(None)
        assert after is not None
        assert (before.gone_s, after.told) == (None, before.told)
        assert after.gone_s is not None
        assert heading(after, UNICODE)[1].startswith("GONE since ")
        assert SocketWatch(before.one).look(None) is None


def test_what_stands_for_the_owner_is_not_said_twice(lab: Lab) -> None:
    _, look, source = looked(lab)
    with source:
        known = replace(look, owner=Owner(uid=0, user="root"), owner_text="was user root")
        assert heading(known, UNICODE)[2].startswith("was user root, seen for")
        known = replace(look, owner=Owner(uid=0, user="root", unit="a.service"), owner_text="a.service")
        assert heading(known, UNICODE)[2].startswith("a.service, user root, seen for")


def test_a_state_between_two_snapshots_stays_in_the_history(lab: Lab) -> None:
    pair = lab.pair()
    with lab.client.entered():
        source = LiveSource()
    with source:
        observer = Observer(source.host, reader=source.reader)
        frame = observer.observe(source.take())
        watch = SocketWatch(frame.moment.snapshot.sockets)

        def history() -> list[str]:
            look = watch.look(frame)
            assert look is not None
            return [entry.text for entry in entries(look) if entry.group == "history"]

        course = ["ESTAB since before twtop started", "FIN-WAIT-2", "TIME-WAIT"]
        assert history() == course[:1]
        pair.client.shutdown(socket.SHUT_WR)
        wait_for_state(pair.client, State.FIN_WAIT_2)
        assert history() == course[:2]
        pair.server.close()
        eventually(lambda: states(lab.client), {"TIME-WAIT": 1})
        frame = observer.observe(source.take())
        assert history() == course


def test_it_goes_on_where_reading_fails(lab: Lab) -> None:
    _, look, source = looked(lab)
    frame = Observer(source.host, reader=source.reader).observe(source.take())
    source.close()
    after = SocketWatch(look.one).look(frame)
    assert after is not None
    assert after.told.values["state"] == State.ESTAB
    assert after.told.values["cookie"] == look.told.values["cookie"]
    assert "Bad file descriptor" in whole_text(after, UNICODE)


def test_times_of_other_days_have_their_date() -> None:
    noon = 1_700_000_000.0
    assert clock_text(noon, noon + 100).count(":") == 2
    assert clock_text(noon, noon + 100_000).count(":") == 1


def test_all_lines_have_a_group_and_keys_differ(lab: Lab) -> None:
    _, look, source = looked(lab)
    with source:
        shown = entries(look)
    assert all(entry.group and entry.means for entry in shown)
    assert len({(entry.group, entry.key) for entry in shown}) == len(shown)


def own_process() -> Owner:
    process = read_process(os.getpid())
    assert process is not None
    return Owner(process.pid, process.start, process.command)


def test_the_process_tells_of_itself() -> None:
    own = own_process()
    facts = ProcessReader(own.pid, own.start).read()
    rows = dict(facts.rows)
    assert facts.lack is None
    assert rows["directory"] == os.getcwd()  # noqa: PTH109 - as the kernel has it
    assert {"command line", "started", "memory", "threads", "open files", "CPU"} <= rows.keys()
    assert rows["started"].endswith("ago")


@pytest.mark.skipif(os.getuid() != 0, reason="only root looks at the processes of others")
def test_the_files_of_others_processes_are_counted_and_limited() -> None:
    with subprocess.Popen(
        ["sleep", "60"], user=65534, preexec_fn=lambda: setrlimit(RLIMIT_NOFILE, (77, 99))
    ) as other:
        rows = dict(ProcessReader(other.pid, 0).read().rows)
        other.kill()
    assert re.fullmatch(r"[0-9]+ of 77 \(ulimit -n\)", rows["open files"])


def test_another_process_with_its_pid_is_not_taken_for_it() -> None:
    own = own_process()
    facts = ProcessReader(own.pid, own.start - 100_000).read()
    assert (facts.rows, facts.lack) == ((), f"process {own.pid} has ended")
    assert "has ended" in str(ProcessReader(4_000_000, 1).read().lack)


def test_what_a_process_calls_itself_cannot_steer_the_terminal() -> None:
    def work() -> str:
        # In a child of its own: the name is what /proc/PID/comm has.
        with open("/proc/self/comm", "w") as comm:  # noqa: PTH123
            comm.write("\x1b[2Jevil")
        reader = ProcessReader(os.getpid(), 0)
        return "".join(text for _, text in reader.read().rows)

    assert without_net_admin(work).isprintable()
