"""Owners from snapshot to snapshot; that the kernel keeps cookies as claimed is tested in tests/sources."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest

from tests.core.build import table
from twtop.core.changes import follow
from twtop.core.owners.attribution import Attributor
from twtop.core.owners.holdings import Holdings
from twtop.core.owners.owner import Owner
from twtop.core.owners.registry import Registry
from twtop.core.snapshot import snapshot
from twtop.core.states import State

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.core.changes import Moment
    from twtop.core.sockets import Sockets

NGINX: Final = Owner(77, 1, "nginx", 33, "www-data", "/system.slice/nginx.service", "nginx.service")
PHP: Final = Owner(1822, 2, "php-fpm", 33, "www-data")
OTHER_PHP: Final = Owner(1823, 3, "php-fpm", 33, "www-data")
CURL: Final = Owner(9, 4, "curl", 1000, "ann")

ESTAB, TIME_WAIT, LISTEN, SYN_RECV = State.ESTAB, State.TIME_WAIT, State.LISTEN, State.SYN_RECV


def holdings(held: dict[int, Owner], **more: Any) -> Holdings:
    holders = tuple(dict.fromkeys(held.values()))
    inodes = sorted(held)
    return Holdings(
        np.array(inodes, np.uint32),
        np.array([holders.index(held[inode]) for inode in inodes], np.uint32),
        holders,
        **more,
    )


class Watch:
    """Follows tables of sockets one second after the other."""

    def __init__(self, *, exact_cookies: bool = True) -> None:
        self.registry = Registry()
        self.attributor = Attributor(self.registry)
        self.moment: Moment | None = None
        self._exact = exact_cookies
        self._now_s = 0.0

    def see(self, sockets: Sockets, held: Holdings, seconds: float = 1.0) -> list[str]:
        """Return the owner of each socket, in words."""
        self._now_s += seconds
        now = snapshot(sockets, instant_s=self._now_s, exact_cookies=self._exact)
        self.moment = follow(self.moment, now, partial(self.attributor.attribute, holdings=held))
        return described(self.moment.snapshot.sockets)


def described(sockets: Sockets) -> list[str]:
    pairs = zip(sockets.owner.tolist(), sockets.certainty.tolist(), strict=True)
    return [sockets.owners.records[slot].described(certainty) for slot, certainty in pairs]


def clients(
    states: Sequence[int], inodes: Sequence[int], ports: Sequence[int], **more: Sequence[int]
) -> Sockets:
    count = len(states)
    columns = {"remote_port": [5432] * count} | more
    return table(state=states, inode=inodes, local_port=ports, **columns)


def test_a_socket_keeps_its_owner_until_its_time_wait_ends() -> None:
    watch = Watch()
    held = holdings({500: PHP})
    assert watch.see(clients([ESTAB], [500], [40000]), held) == ["php-fpm[1822]"]
    assert watch.see(clients([State.FIN_WAIT_2], [0], [40000]), Holdings()) == ["was php-fpm[1822]"]
    for _ in range(3):
        assert watch.see(clients([TIME_WAIT], [0], [40000]), Holdings()) == ["was php-fpm[1822]"]


def test_what_is_found_only_after_the_socket_was_closed_still_counts() -> None:
    watch = Watch()
    assert watch.see(clients([ESTAB], [500], [40000]), Holdings(looking=True)) == ["user 0"]
    assert watch.see(clients([TIME_WAIT], [0], [40000]), holdings({500: PHP})) == ["was php-fpm[1822]"]


def test_a_reused_inode_does_not_change_the_owner_of_what_is_closed() -> None:
    watch = Watch()
    watch.see(clients([ESTAB], [500], [40000]), holdings({500: PHP}))
    now = clients([TIME_WAIT, ESTAB], [0, 500], [40000, 40001])
    assert watch.see(now, holdings({500: CURL})) == ["was php-fpm[1822]", "curl[9]"]


def test_a_passed_descriptor_takes_the_socket_along() -> None:
    watch = Watch()
    watch.see(clients([ESTAB], [500], [40000]), holdings({500: NGINX}))
    assert watch.see(clients([ESTAB], [500], [40000]), holdings({500: PHP})) == ["php-fpm[1822]"]
    assert watch.see(clients([TIME_WAIT], [0], [40000]), Holdings()) == ["was php-fpm[1822]"]


def test_made_up_cookies_say_less() -> None:
    watch = Watch(exact_cookies=False)
    watch.see(clients([ESTAB], [500], [40000]), holdings({500: PHP}))
    assert watch.see(clients([TIME_WAIT], [0], [40000]), Holdings()) == ["earlier php-fpm[1822]"]


def test_the_same_ends_point_to_who_had_them_a_moment_ago() -> None:
    watch = Watch()
    watch.see(clients([ESTAB], [500], [40000]), holdings({500: PHP}))
    again = clients([TIME_WAIT, TIME_WAIT], [0, 0], [40000, 40001], cookie=[7, 8], remote_port=[5432, 80])
    assert watch.see(again, Holdings()) == ["earlier php-fpm[1822]", "?"]


def test_the_same_ends_after_a_long_time_point_to_nobody() -> None:
    watch = Watch()
    watch.see(clients([ESTAB], [500], [40000]), holdings({500: PHP}))
    watch.see(clients([], [], []), Holdings())
    assert watch.see(clients([TIME_WAIT], [0], [40000], cookie=[7]), Holdings(), seconds=500) == ["?"]


@pytest.mark.parametrize("state", [TIME_WAIT, SYN_RECV, ESTAB])
def test_who_listens_answers_for_what_nobody_holds(state: int) -> None:
    sockets = table(
        state=[LISTEN, state, state],
        inode=[600, 0, 0],
        local_port=[80, 80, 81],
        remote_port=[0, 50000, 50000],
    )
    said = Watch().see(sockets, holdings({600: NGINX}))
    assert said == ["nginx[77]", "listener nginx[77]", "?"]


def test_a_listener_at_the_very_address_comes_first() -> None:
    here, there = 0xFFFF_0A00_0001, 0xFFFF_0A00_0002
    sockets = table(
        state=[LISTEN, LISTEN, TIME_WAIT, TIME_WAIT],
        inode=[600, 601, 0, 0],
        local_lo=[0xFFFF << 32, here, here, there],
        local_port=[80] * 4,
        remote_port=[0, 0, 50000, 50000],
    )
    said = Watch().see(sockets, holdings({600: NGINX, 601: CURL}))
    assert said[2:] == ["listener curl[9]", "listener nginx[77]"]


def test_the_only_one_with_connections_to_that_end_is_likely() -> None:
    sockets = clients(
        [ESTAB, TIME_WAIT, TIME_WAIT], [500, 0, 0], [40000, 40001, 40002], remote_port=[1, 1, 2]
    )
    assert Watch().see(sockets, holdings({500: PHP})) == ["php-fpm[1822]", "likely php-fpm[1822]", "?"]


def test_of_several_processes_of_one_command_the_command_is_likely() -> None:
    sockets = clients([ESTAB, ESTAB, TIME_WAIT], [500, 501, 0], [40000, 40001, 40002])
    said = Watch().see(sockets, holdings({500: PHP, 501: OTHER_PHP}))
    assert said[2] == "likely php-fpm"


def test_of_several_commands_none_is_likely() -> None:
    sockets = clients([ESTAB, ESTAB, TIME_WAIT], [500, 501, 0], [40000, 40001, 40002])
    assert Watch().see(sockets, holdings({500: PHP, 501: CURL}))[2] == "?"


def test_without_a_process_user_and_cgroup_are_known() -> None:
    held = holdings({}, cgroups={5: "/system.slice/nginx.service"}, users={33: "www-data"}, lack="refused")
    sockets = clients(
        [ESTAB, ESTAB, State.LAST_ACK], [500, 501, 0], [1, 2, 3], uid=[33, 33, 0], cgroup=[5, 0, 5]
    )
    watch = Watch()
    watch.see(sockets, held)
    assert watch.moment is not None
    now = watch.moment.snapshot
    owners = [now.sockets.owners.records[slot] for slot in now.sockets.owner.tolist()]
    assert [owner.user for owner in owners] == ["www-data", "www-data", ""]
    assert [owner.cgroup for owner in owners] == [
        "/system.slice/nginx.service",
        "",
        "/system.slice/nginx.service",
    ]
    assert [owner.pid for owner in owners] == [0, 0, 0]
    assert now.owners_lack == "owners of 0 of 2 sockets; refused"


def test_what_a_user_holds_is_held_in_every_snapshot_and_named_as_soon_as_possible() -> None:
    watch = Watch()
    sockets = clients([ESTAB], [500], [40000], uid=[33])
    assert watch.see(sockets, Holdings()) == ["user 33"]
    assert watch.see(sockets, holdings({}, users={33: "www-data"})) == ["user www-data"]
    assert watch.see(clients([TIME_WAIT], [0], [40000]), Holdings()) == ["was user www-data"]


def test_how_much_is_missing_is_said() -> None:
    watch = Watch()
    sockets = clients([ESTAB, ESTAB, TIME_WAIT], [500, 501, 0], [1, 2, 3])

    def lack(held: Holdings) -> str | None:
        watch.see(sockets, held)
        assert watch.moment is not None
        return watch.moment.snapshot.owners_lack

    assert (
        lack(holdings({500: PHP}, looking=True))
        == "owners of 1 of 2 sockets; not all processes were looked at yet"
    )
    assert lack(holdings({500: PHP})) == "owners of 1 of 2 sockets; no process here holds the rest"
    assert lack(holdings({500: PHP, 501: PHP}, lack="refused")) is None


def test_of_new_sockets_alone_nothing_is_missing() -> None:
    watch = Watch()
    held = holdings({500: PHP})
    watch.see(clients([ESTAB], [500], [1]), held)
    for sockets, lack in (
        (clients([ESTAB, ESTAB], [500, 501], [1, 2]), None),
        (
            clients([ESTAB] * 3, [500, 501, 502], [1, 2, 3]),
            "owners of 1 of 3 sockets; no process here holds the rest",
        ),
    ):
        watch.see(sockets, held)
        assert watch.moment is not None
        assert watch.moment.snapshot.owners_lack == lack


def test_a_listening_process_is_worth_more_than_the_user_of_what_was_held() -> None:
    watch = Watch()
    columns = {"local_port": [80, 80], "remote_port": [0, 50000], "uid": [0, 33]}
    before = table(state=[LISTEN, ESTAB], inode=[600, 500], **columns)
    assert watch.see(before, holdings({600: NGINX}))[1] == "user 33"
    after = table(state=[LISTEN, TIME_WAIT], inode=[600, 0], **columns)
    assert watch.see(after, holdings({600: NGINX}))[1] == "listener nginx[77]"
    assert watch.see(after, holdings({}))[1] == "listener nginx[77]"


def test_without_a_listening_process_the_user_of_what_was_held_stays() -> None:
    watch = Watch()
    columns = {"local_port": [80, 80], "remote_port": [0, 50000], "uid": [0, 33]}
    watch.see(table(state=[LISTEN, ESTAB], inode=[600, 500], **columns), holdings({}))
    after = table(state=[LISTEN, TIME_WAIT], inode=[600, 0], **columns)
    assert watch.see(after, holdings({})) == ["user 0", "was user 33"]


def test_after_pruning_the_registry_nobody_gets_the_name_of_another() -> None:
    watch = Watch()
    held = holdings({500: PHP, 501: CURL})
    watch.see(clients([ESTAB], [500], [40000]), held)
    assert watch.moment is not None
    watch.registry.prune([watch.moment.snapshot.sockets.owner, *watch.attributor.in_use()])
    watch.registry.slot(NGINX)
    assert watch.see(clients([ESTAB, ESTAB], [500, 501], [1, 2]), held) == ["php-fpm[1822]", "curl[9]"]


def test_what_is_held_and_not_found_yet_goes_to_who_listens_if_the_user_is_the_same() -> None:
    columns = {"local_port": [80, 80, 80], "remote_port": [0, 50000, 50001], "uid": [33, 33, 1000]}
    sockets = table(state=[LISTEN, ESTAB, ESTAB], inode=[600, 500, 501], **columns)
    held = holdings({600: NGINX}, users={33: "www-data", 1000: "ann"}, lack="refused")
    watch = Watch()
    assert watch.see(sockets, held) == ["nginx[77]", "listener nginx[77]", "user ann"]
    assert watch.moment is not None
    assert watch.moment.snapshot.owners_lack == "owners of 1 of 3 sockets; refused"


def test_an_unknown_process_of_the_same_user_is_no_witness_against_a_known_one() -> None:
    watch = Watch()
    held = holdings({500: PHP}, users={33: "www-data"})
    watch.see(clients([ESTAB, ESTAB], [500, 501], [1, 2], uid=[33, 33]), held)
    later = clients([ESTAB, TIME_WAIT, TIME_WAIT], [500, 0, 0], [1, 2, 3], uid=[33, 0, 0])
    assert watch.see(later, held)[1:] == ["likely php-fpm[1822]", "likely php-fpm[1822]"]
    both = holdings({500: PHP, 502: OTHER_PHP}, users={33: "www-data"})
    now = clients([ESTAB, ESTAB, ESTAB, TIME_WAIT], [500, 501, 502, 0], [1, 2, 3, 4], uid=[33] * 3 + [0])
    assert watch.see(now, both)[3] == "likely php-fpm"


def test_unknown_processes_of_one_user_are_of_one_user_in_whatever_cgroups() -> None:
    held = holdings({500: CURL}, users={1000: "ann"}, cgroups={5: "/user.slice"})
    states, inodes, ports = [ESTAB, ESTAB, ESTAB, TIME_WAIT], [500, 501, 502, 0], [1, 2, 3, 4]
    now = clients(states, inodes, ports, uid=[1000, 1000, 1000, 0], cgroup=[5, 5, 0, 0])
    assert Watch().see(now, held)[3] == "likely curl[9]"


def test_an_unknown_process_of_another_user_is() -> None:
    held = holdings({500: PHP}, users={33: "www-data", 0: "root"})
    now = clients([ESTAB, ESTAB, TIME_WAIT], [500, 501, 0], [1, 2, 3], uid=[33, 0, 0])
    assert Watch().see(now, held) == ["php-fpm[1822]", "user root", "?"]
