"""What ``ss`` sees inside a lab."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from twtop.lab.host import Host
    from twtop.lab.specimen import Specimen

if shutil.which("ss") is None:
    pytest.skip("ss (iproute2) is not installed", allow_module_level=True)


def states(host: Host) -> Counter[str]:
    return Counter(line.split()[0] for line in host.run(["ss", "-tanH"]).stdout.splitlines())


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
