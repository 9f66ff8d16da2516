"""Whole plans carried out on real sockets: what came of each, and what the log says of it."""

from __future__ import annotations

import errno
import os
import socket
from contextlib import ExitStack
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pytest

from tests.kernel.capabilities import without_net_admin
from tests.lab.oracle import eventually, states
from twtop.core.closing.kinds import Kind
from twtop.core.closing.plan import Lacks, Why
from twtop.core.closing.tally import Tally
from twtop.core.states import State
from twtop.kernel.sockdiag.one_socket import SocketReader
from twtop.lab import bulk
from twtop.lab.host import endpoint
from twtop.lab.specimen import wait_for_state
from twtop.sources.closer import MOST_LINES, Closer, Job
from twtop.sources.live import LiveSource

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import Mask, Sockets
    from twtop.lab.lab import Lab


class Site(NamedTuple):
    """The lab's client, looked at, and the log."""

    source: LiveSource
    closer: Closer
    log: socket.socket

    def prepare(self, wanted: Callable[[Sockets], Mask], *, time_wait: bool = False) -> Job:
        snapshot = self.source.take()
        return self.job(snapshot, wanted, time_wait=time_wait)

    def job(self, snapshot: Snapshot, wanted: Callable[[Sockets], Mask], *, time_wait: bool = False) -> Job:
        cookies = snapshot.sockets.cookie[wanted(snapshot.sockets)]
        return self.closer.prepare(snapshot, cookies, lambda _: self.source.reader, time_wait=time_wait)

    def carry_out(self, job: Job) -> Tally:
        tally = Tally(job.plan.count)
        self.closer.carry_out(job, tally)
        assert tally.ended
        return tally

    def lines(self) -> list[str]:
        """What the log got, without what every line begins with."""
        self.log.setblocking(False)
        found = []
        while True:
            try:
                found.append(self.log.recv(4096).decode().partition("]: ")[2])
            except BlockingIOError:
                return found


def everything(sockets: Sockets) -> Mask:
    return np.ones(len(sockets), np.bool_)


def nothing_own() -> np.ndarray[tuple[int], np.dtype[np.uint32]]:
    """The tests hold the lab's sockets, in the process that closes them."""
    return np.zeros(0, np.uint32)


@pytest.fixture
def site(lab: Lab, tmp_path: Path) -> Iterator[Site]:
    with ExitStack() as stack:
        log = stack.enter_context(socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM))
        log.bind(str(tmp_path / "log"))
        # The daemon reads what it gets; here nobody does before the end.
        stack.enter_context(lab.client.entered())
        source = stack.enter_context(LiveSource())
        yield Site(source, Closer(tmp_path / "log", nothing_own), log)


def pending(made: socket.socket) -> str:
    return errno.errorcode.get(made.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR), "")


def test_one_socket_is_closed_and_logged(lab: Lab, site: Site) -> None:
    pair, other = lab.pair(), lab.pair()
    job = site.prepare(lambda sockets: sockets.local_port == pair.client_end[1])
    cookie = int(job.plan.sockets.cookie[0])
    tally = site.carry_out(job)
    assert (tally.total, tally.closed, tally.done, tally.unlogged) == (1, 1, 1, None)
    assert pending(pair.client) == "ECONNABORTED"
    eventually(lambda: pending(pair.server) or "ECONNRESET", "ECONNRESET")
    assert states(lab.client) == {"ESTAB": 1}
    assert pending(other.client) == ""
    who = f"uid={os.getuid()}"
    local, remote = (f"{address}:{port}" for address, port in (pair.client_end, pair.server_end))
    begins, closed, ends = site.lines()
    assert begins.startswith(f"closing 1 TCP sockets (ESTAB 1) by {who}")
    assert closed.startswith(f"closed ESTAB {local} -> {remote} cookie={cookie:#x} owner=? by {who}")
    assert ends.startswith("closing ended: 1 closed, 0 already gone, 0 changed, 0 refused, 0 not tried by ")


def test_who_called_sudo_is_logged(lab: Lab, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SUDO_USER", "ann")
    lab.pair()
    site.carry_out(site.prepare(everything))
    assert all("SUDO_USER=ann" in line for line in site.lines())


def test_time_waits_stay_unless_they_are_asked_for(lab: Lab, site: Site) -> None:
    bulk.time_waits(lab.client, 20)
    time_waits = site.prepare(lambda sockets: sockets.state == State.TIME_WAIT)
    assert (time_waits.plan.count, time_waits.plan.rest[0].why) == (0, Why.TIME_WAIT)
    assert site.carry_out(time_waits).total == 0
    assert states(lab.client)["TIME-WAIT"] == 20
    asked = site.prepare(lambda sockets: sockets.state == State.TIME_WAIT, time_wait=True)
    assert site.carry_out(asked).closed == 20
    assert "TIME-WAIT" not in states(lab.client)


def test_what_has_become_a_time_wait_meanwhile_is_left_alone(lab: Lab, site: Site) -> None:
    pair, other = lab.pair(), lab.pair()
    job = site.prepare(lambda sockets: sockets.state == State.ESTAB)
    assert job.plan.count == 2
    pair.client.close()
    wait_for_state(pair.server, State.CLOSE_WAIT)
    pair.server.close()
    eventually(lambda: states(lab.client), {"ESTAB": 1, "TIME-WAIT": 1})
    tally = site.carry_out(job)
    assert (tally.closed, dict(tally.changed)) == (1, {"TIME-WAIT": 1})
    assert states(lab.client) == {"TIME-WAIT": 1}
    assert pending(other.client) == "ECONNABORTED"
    assert any(line.startswith("left alone, now TIME-WAIT: ESTAB ") for line in site.lines())


def test_what_has_changed_within_what_was_agreed_is_closed(lab: Lab, site: Site) -> None:
    pair, waiting = lab.pair(), lab.pair()
    waiting.server.close()
    wait_for_state(waiting.client, State.CLOSE_WAIT)
    job = site.prepare(everything)
    assert job.plan.agreed == {Kind.ESTAB, Kind.CLOSE_WAIT}
    pair.server.close()
    wait_for_state(pair.client, State.CLOSE_WAIT)
    assert site.carry_out(job).closed == 2


def test_a_newcomer_between_the_same_ends_is_unharmed(lab: Lab, site: Site) -> None:
    listener, first = lab.server.listen(), lab.client.socket()
    for made in (listener, first):
        made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    first.bind((lab.client.address(), 0))
    first.connect(endpoint(listener))
    own = endpoint(first)
    job = site.prepare(everything)
    lab.server.accept(listener).close()
    first.close()
    second = lab.client.socket()
    second.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    second.bind(own)
    second.connect(endpoint(listener))
    tally = site.carry_out(job)
    assert (tally.closed, tally.gone) == (0, 1)
    second.send(b"unharmed")
    assert lab.server.accept(listener).recv(8) == b"unharmed"


def test_what_is_gone_when_the_dialog_opens_is_counted(lab: Lab, site: Site) -> None:
    pair = lab.pair()
    lab.pair()
    cookies = site.source.take().sockets.cookie
    pair.server.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    pair.server.close()
    eventually(lambda: states(lab.client), {"ESTAB": 1})
    job = site.closer.prepare(site.source.take(), cookies, lambda _: site.source.reader)
    assert (job.plan.count, job.plan.missing) == (1, 1)


def test_the_own_session_is_never_closed(lab: Lab, site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    session, other = lab.pair(), lab.pair()
    peer, own = session.server_end, session.client_end
    monkeypatch.setenv("SSH_CONNECTION", f"{peer[0]} {peer[1]} {own[0]} {own[1]}")
    with LiveSource() as source:
        over_ssh = site._replace(source=source)
        job = over_ssh.prepare(everything, time_wait=True)
        assert [each.why for each in job.plan.rest] == [Why.OWN_SESSION]
        assert over_ssh.carry_out(job).closed == 1
    assert (pending(session.client), pending(other.client)) == ("", "ECONNABORTED")


def test_nor_is_one_that_was_attached_after_the_start(
    lab: Lab, site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    peer, own = lab.pair().server_end, lab.client.address()
    monkeypatch.delenv("SSH_CONNECTION", raising=False)
    with LiveSource() as source:
        over_ssh = site._replace(source=source)
        snapshot = source.take()
        (port,) = snapshot.sockets.local_port.tolist()
        monkeypatch.setenv("SSH_CONNECTION", f"{peer[0]} {peer[1]} {own} {port}")
        job = over_ssh.job(snapshot, everything)
        assert [each.why for each in job.plan.rest] == [Why.OWN_SESSION]


def test_twtops_own_sockets_are_never_closed(lab: Lab, site: Site) -> None:
    pair = lab.pair()
    job = Site(site.source, Closer(), site.log).prepare(everything)
    assert [each.why for each in job.plan.rest] == [Why.TWTOP]
    assert job.plan.count == 0
    assert pending(pair.client) == ""


def test_many_sockets_take_few_lines(lab: Lab, site: Site) -> None:
    listener = lab.server.listen(backlog=200)
    made = [lab.client.connect(*endpoint(listener)) for _ in range(MOST_LINES + 20)]
    # So many lines have no room in the socket of a daemon that does not read (max_dgram_qlen).
    job = site.prepare(everything)
    tally = site.carry_out(job)
    assert tally.closed == len(made)
    assert len(site.lines()) <= MOST_LINES + 2
    assert states(lab.client) == {}


def test_the_user_can_stop_it(lab: Lab, site: Site) -> None:
    for _ in range(3):
        lab.pair()
    job = site.prepare(everything)
    tally = Tally(job.plan.count, stopping=True)
    site.closer.carry_out(job, tally)
    assert (tally.ended, tally.done, tally.left) == (True, 0, 3)
    assert states(lab.client) == {"ESTAB": 3}
    assert "3 not tried" in site.lines()[-1]


def test_a_namespace_that_is_left_meanwhile_ends_it(lab: Lab, site: Site) -> None:
    lab.pair()
    job = site.prepare(everything)
    site.source.close()
    tally = site.carry_out(job)
    assert (tally.closed, tally.refused.total(), tally.stopping) == (0, 1, True)


def test_each_namespace_has_its_own_way(lab: Lab, site: Site) -> None:
    lab.pair()
    snapshot = site.source.take()
    job = site.closer.prepare(snapshot, snapshot.sockets.cookie, lambda _: None)
    reason = "closing sockets takes netlink, which cannot be used here"
    assert [(each.why, each.text) for each in job.plan.rest] == [(Why.NAMESPACE, reason)]
    assert site.closer.get_ready(None) == reason
    assert site.closer.get_ready(site.source.reader) is None


def test_where_nobody_takes_the_log_it_says_so(lab: Lab, site: Site, tmp_path: Path) -> None:
    lab.pair()
    quiet = Site(site.source, Closer(tmp_path / "none", nothing_own), site.log)
    assert "no such file" in str(quiet.closer.log_lack())
    assert site.closer.log_lack() is None
    tally = quiet.carry_out(quiet.prepare(everything))
    assert tally.closed == 1
    assert "no such file" in str(tally.unlogged)


def test_without_the_privilege_nothing_is_even_planned(lab: Lab) -> None:
    pair = lab.pair()

    def work() -> object:
        with lab.client.entered(), LiveSource() as source:
            closer, snapshot = Closer(own=nothing_own), source.take()
            job = closer.prepare(snapshot, snapshot.sockets.cookie, lambda _: source.reader)
            return closer.get_ready(source.reader), job.plan.count

    assert without_net_admin(work) == str(("closing sockets needs CAP_NET_ADMIN: run twtop as root", 0))
    assert pending(pair.client) == ""


def test_orphans_stay_where_the_kernel_would_leave_them_for_ever(lab: Lab, site: Site) -> None:
    """Here it would not: as if it did."""
    pair = lab.pair()
    site.closer._lacks = Lacks(orphans="they would stay for ever")
    pair.client.shutdown(socket.SHUT_WR)
    wait_for_state(pair.client, State.FIN_WAIT_2)
    job = site.prepare(everything)
    assert job.plan.count == 1
    # Meanwhile it becomes an orphan.
    pair.client.setsockopt(socket.IPPROTO_TCP, socket.TCP_LINGER2, 120)
    pair.client.close()
    tally = site.carry_out(job)
    assert dict(tally.refused) == {"they would stay for ever": 1}
    assert site.prepare(everything).plan.rest[0].why == Why.ORPHAN


def test_a_reader_that_is_gone_says_why(lab: Lab, site: Site) -> None:
    with lab.client.entered():
        reader = SocketReader()
    reader.close()
    assert site.closer.get_ready(reader)
