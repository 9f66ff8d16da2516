"""When tcp_info is read, and of which sockets."""

from __future__ import annotations

import errno
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.core.build import table
from tests.sources.test_live import take_without_netlink
from twtop.core.sockets import identity_of
from twtop.core.states import State
from twtop.core.tcp_info import silent_s
from twtop.errors import KernelError
from twtop.kernel.sockdiag.dumps import SockDiag
from twtop.lab.specimen import wait_for_state
from twtop.sources import tcp_info
from twtop.sources.live import LiveSource
from twtop.sources.tcp_info import TcpInfoReader

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.lab.lab import Lab


@pytest.fixture
def diag(lab: Lab) -> Iterator[SockDiag]:
    """A netlink socket in the namespace of the server, in which the test runs too."""
    with lab.server.entered(), SockDiag() as made:
        yield made


def test_it_comes_with_the_second_snapshot(lab: Lab) -> None:
    pair = lab.pair()
    pair.client.close()
    wait_for_state(pair.server, State.CLOSE_WAIT)
    with lab.server.entered(), LiveSource() as source:
        assert len(source.take().tcp_info.identity) == 0
        taken = source.take()
    waiting = taken.sockets.take(taken.sockets.state == State.CLOSE_WAIT)
    assert taken.tcp_info.identity.tolist() == identity_of(waiting.cookie, waiting.state).tolist()
    assert taken.tcp_info.lack is None


def test_a_reading_that_took_long_is_kept(lab: Lab, diag: SockDiag) -> None:
    lab.pair()
    sockets, reader = diag.dump_tcp().sockets, TcpInfoReader()
    reader.read(diag, sockets)
    first = reader.read(diag, sockets)
    reader._due_s = float("inf")
    assert reader.read(diag, sockets) is first
    reader._due_s = 0.0
    assert reader.read(diag, sockets) is not first


def test_states_that_would_be_too_many_are_left_out_with_the_reason(
    lab: Lab, diag: SockDiag, monkeypatch: pytest.MonkeyPatch
) -> None:
    pairs = [lab.pair() for _ in range(4)]
    pairs[0].client.close()
    wait_for_state(pairs[0].server, State.CLOSE_WAIT)
    monkeypatch.setattr(tcp_info, "MOST_SOCKETS", 3)
    sockets, reader = diag.dump_tcp().sockets, TcpInfoReader()
    assert reader.read(diag, sockets).lack == "3 ESTAB are too many to ask for (3 at most)"
    info = reader.read(diag, sockets)
    assert len(info.identity) == 1
    assert info.lack == "3 ESTAB are too many to ask for (3 at most)"


def test_nothing_is_asked_for_minis_alone(diag: SockDiag) -> None:
    sockets, reader = table(state=[State.FIN_WAIT_2] * 3, inode=[0, 0, 0]), TcpInfoReader()
    diag.close()
    for _ in range(2):
        info = reader.read(diag, sockets)
        assert (len(info.identity), info.lack) == (0, None)


def test_a_failure_is_a_reason_and_not_an_error(diag: SockDiag) -> None:
    sockets, reader = table(state=[State.ESTAB]), TcpInfoReader()
    diag.close()
    reader.read(diag, sockets)
    assert reader.read(diag, sockets).lack == "the sock_diag socket is closed"
    with pytest.raises(KernelError):
        diag.dump_tcp()


def test_without_netlink_there_is_none(lab: Lab) -> None:
    lab.pair()
    snapshot, _ = take_without_netlink(lab.server, errno.EPERM)
    assert snapshot.tcp_info.lack == "there is tcp_info of other programs' sockets over netlink only"
    assert np.isnan(silent_s(snapshot)).all()
