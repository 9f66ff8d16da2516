from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

import psutil
import pytest

from tests.lab.oracle import eventually
from twtop.errors import UsageError
from twtop.lab.crowd import Crowd
from twtop.sources.live import LiveSource
from twtop.sources.owners.finder import find_all_owners

if TYPE_CHECKING:
    from twtop.lab.host import Host
    from twtop.lab.lab import Lab


def holders(host: Host) -> dict[int, set[int]]:
    """Sockets and pids of their holders, as ss tells them."""
    found: defaultdict[int, set[int]] = defaultdict(set)
    for line in host.run(["ss", "-tanpeH"]).stdout.splitlines():
        inode = re.search(r"ino:(\d+)", line)
        if inode and int(inode[1]):
            found[int(inode[1])] |= {int(pid) for pid in re.findall(r"pid=(\d+)", line)}
    return found


def test_every_process_holds_as_many_sockets_and_all_go_in_the_end(lab: Lab) -> None:
    with Crowd(lab.client, processes=4, sockets=44) as crowd:
        held = holders(lab.client)
        pids = set.union(*held.values())
        assert len(pids) == 4
        assert [sum(pids == {pid} for pids in held.values()) for pid in pids] == [11] * 4
        assert all(psutil.Process(pid).ppid() == crowd._process.pid for pid in pids)
    assert not any(map(psutil.pid_exists, pids))


def test_the_busy_ones_replace_their_connections_when_told(lab: Lab) -> None:
    with Crowd(lab.client, processes=2, sockets=22, busy=1, per_second=100) as crowd:
        first = set(holders(lab.client))
        assert set(holders(lab.client)) == first
        crowd.churn()
        # All of one process but its listener.
        eventually(lambda: len(first & set(holders(lab.client))), 12)


def test_the_finder_and_ss_agree(lab: Lab) -> None:
    with Crowd(lab.client, processes=5, sockets=55):
        with lab.client.entered(), LiveSource() as source:
            holdings = find_all_owners(source.take().sockets)
        pids = [holdings.holders[slot].pid for slot in holdings.holder.tolist()]
        found = dict(zip(holdings.inode.tolist(), pids, strict=True))
        assert {inode: {found[inode]} for inode in holders(lab.client)} == holders(lab.client)


def test_more_than_the_lab_makes_is_refused(lab: Lab) -> None:
    with pytest.raises(UsageError, match="100000 processes with 5 sockets: the most is 4000 with 200000"):
        Crowd(lab.client, processes=100_000, sockets=5)
