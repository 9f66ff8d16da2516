from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from twtop.core.states import timer_label
from twtop.lab.recipes import EVERY_STATE

if TYPE_CHECKING:
    from collections.abc import Callable

    from twtop.lab.lab import Lab
    from twtop.lab.specimen import Specimen


def ss_row(made: Specimen) -> dict[str, str] | None:
    """The row that ss shows for a specimen."""
    local, remote = (f"{address}:{port or '*'}" for address, port in (made.local, made.remote))
    for line in made.host.run(["ss", "-tanoeH"]).stdout.splitlines():
        state, rqueue, wqueue, here, there, *rest = line.split()
        if (here.replace("[", "").replace("]", ""), there.replace("[", "").replace("]", "")) != (
            local,
            remote,
        ):
            continue
        timer = next((word[7:].split(",")[0] for word in rest if word.startswith("timer:(")), "off")
        inode = next((word[4:] for word in rest if word.startswith("ino:")), "0")
        return {"state": state, "timer": timer, "inode": inode, "rqueue": rqueue, "wqueue": wqueue}
    return None


def eventually(make: Callable[[], object], expected: object) -> None:
    """Poll, because timers and other cores act in their own time."""
    seen = make()
    for _ in range(500):
        if seen == expected:
            return
        time.sleep(0.01)
        seen = make()
    assert seen == expected


@pytest.mark.parametrize("name", [name for name in EVERY_STATE if not name.startswith("bound_inactive")])
def test_recipe_makes_what_ss_shows(lab: Lab, name: str) -> None:
    if name.endswith("v6") and not lab.ipv6:
        pytest.skip("this kernel has no IPv6")
    made = EVERY_STATE[name](lab)

    def seen() -> tuple[str, str, bool] | None:
        row = ss_row(made)
        return (row["state"], row["timer"], row["inode"] != "0") if row else None

    eventually(seen, (made.state.label, timer_label(made.timer), made.owned))
