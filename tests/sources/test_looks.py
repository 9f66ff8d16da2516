"""Looks at the running kernel, one after the other, on real namespaces."""

from __future__ import annotations

import os
import time
from contextlib import closing
from itertools import islice, pairwise
from typing import TYPE_CHECKING

import numpy as np
import pytest

from tests.lab.tenants import tenant
from twtop.core.filter import parse
from twtop.core.filter.parser import no_services
from twtop.core.names.labels import NO_LABELS
from twtop.errors import KernelError
from twtop.kernel.namespaces.choice import choose_namespace
from twtop.kernel.sockdiag.bytecode import compile_filter
from twtop.lab.host import endpoint
from twtop.sources.looks import Look, Missed, live_looks
from twtop.sources.observer import Frame
from twtop.sources.watch import ALL, OWN

if TYPE_CHECKING:
    from twtop.lab.lab import Lab

INTERVAL_S = 0.1


def at_once(_: float) -> None:
    """Wait for nothing."""


def test_looks_are_due_at_multiples_of_the_interval_however_long_one_takes(lab: Lab) -> None:
    """What is due while a look is used is left out."""
    waits = []

    def wait(seconds: float) -> None:
        waits.append((time.monotonic() + seconds, seconds))
        time.sleep(seconds)

    with lab.client.entered(), closing(live_looks(OWN, NO_LABELS, INTERVAL_S, wait)) as looks:
        next(looks)
        for _ in range(3):
            # Longer than two intervals.
            time.sleep(2.2 * INTERVAL_S)
            next(looks)
    assert all(0 <= seconds <= INTERVAL_S for _, seconds in waits)
    steps = [(due - waits[0][0]) / INTERVAL_S for due, _ in waits]
    assert all(later - earlier > 1.5 for earlier, later in pairwise(steps))


def test_the_first_look_must_succeed_and_any_other_may_fail(lab: Lab) -> None:
    with tenant(lab.client) as pid:
        chosen = choose_namespace(str(pid))
        looks = live_looks(chosen, NO_LABELS, INTERVAL_S, at_once)
        assert isinstance(next(looks), Frame)
    before = time.time()
    for missed in islice(looks, 2):
        assert isinstance(missed, Missed)
        assert "is gone" in missed.reason
        assert before <= missed.wall_s <= time.time()
    looks.close()
    with pytest.raises(KernelError, match="is gone"):
        next(live_looks(chosen, NO_LABELS, INTERVAL_S, at_once))


def pids(look: Look) -> list[int]:
    assert not isinstance(look, Missed)
    sockets = look.moment.snapshot.sockets
    return [sockets.owner_at(row).pid for row in np.flatnonzero(sockets.local_port >= 8080).tolist()]


def test_every_look_knows_whose_its_sockets_are(lab: Lab) -> None:
    """Also of those that came since the look before, however long ago that was."""
    lab.client.listen(8080)
    with lab.client.entered(), closing(live_looks(OWN, NO_LABELS, 3600, at_once, owners=True)) as looks:
        assert pids(next(looks)) == [os.getpid()]
        lab.client.listen(8081)
        assert pids(next(looks)) == [os.getpid()] * 2


def test_the_first_look_at_all_namespaces_knows_whose_sockets_are(lab: Lab) -> None:
    lab.client.listen(65001)
    with tenant(lab.client), closing(live_looks(ALL, NO_LABELS, 3600, at_once, owners=True)) as looks:
        look = next(looks)
    assert not isinstance(look, Missed)
    sockets = look.moment.snapshot.sockets
    ours = np.flatnonzero((sockets.local_port == 65001) & (sockets.netns == lab.client.namespace.inode))
    assert [sockets.owner_at(row).pid for row in ours.tolist()] == [os.getpid()]


def test_the_kernel_copies_only_what_is_wanted(lab: Lab) -> None:
    listener = lab.server.listen(8080)
    for _ in range(2):
        lab.client.connect(*endpoint(listener))
        lab.server.accept(listener)
    wanted = compile_filter(parse("dport = :1", no_services))
    with (
        lab.server.entered(),
        closing(live_looks(OWN, NO_LABELS, INTERVAL_S, at_once, wanted=wanted)) as looks,
    ):
        look = next(looks)
    assert isinstance(look, Frame)
    # Listeners are always there: they tell who serves.
    assert look.moment.snapshot.sockets.local_port.tolist() == [8080]
