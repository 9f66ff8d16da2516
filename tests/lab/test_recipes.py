from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.lab.oracle import eventually, settle, ss_row
from twtop.core.states import State, timer_label
from twtop.kernel.sockdiag.dumps import SockDiag, kernel_lists_bound_inactive
from twtop.lab.recipes import EVERY_STATE

if TYPE_CHECKING:
    from twtop.lab.lab import Lab


@pytest.mark.parametrize("name", [name for name in EVERY_STATE if not name.startswith("bound_inactive")])
def test_recipe_makes_what_ss_shows(lab: Lab, name: str) -> None:
    if name.endswith("v6") and not lab.ipv6:
        pytest.skip("this kernel has no IPv6")
    made = EVERY_STATE[name](lab)

    def seen() -> tuple[str, str, bool] | None:
        row = ss_row(made)
        return (row["state"], row["timer"], row["inode"] != "0") if row else None

    eventually(seen, (made.state.label, timer_label(made.timer), made.owned))


def test_all_recipes_share_one_lab(lab: Lab) -> None:
    versions = ("v4", "v6") if lab.ipv6 else ("v4",)
    settle(make(lab) for name, make in EVERY_STATE.items() if name.endswith(versions))


@pytest.mark.parametrize(
    ("name", "rqueue", "wqueue"),
    [
        ("listen/v4", "3", "2"),
        ("close_wait/v4", "0", "0"),
        ("close_wait_unread/v4", "1", "0"),
        ("fin_wait_1/v4", "0", "1"),
        ("last_ack/v4", "0", "1"),
        ("estab_unacked/v4", "0", "1"),
    ],
)
def test_queues_tell_what_is_waiting(lab: Lab, name: str, rqueue: str, wqueue: str) -> None:
    made = EVERY_STATE[name](lab)
    eventually(lambda: (row := ss_row(made)) and (row["rqueue"], row["wqueue"]), (rqueue, wqueue))


def test_bound_inactive_is_in_a_dump(lab: Lab) -> None:
    made = EVERY_STATE["bound_inactive/v4"](lab)
    with lab.client.entered(), SockDiag() as diag:
        if not kernel_lists_bound_inactive(diag):
            pytest.skip("this kernel does not list sockets that are only bound (Linux 6.8 does)")
        rows = diag.dump_tcp().sockets
    assert rows.local_port.tolist() == [made.local[1]]
    assert rows.state.tolist() == [State.UNCONN]
