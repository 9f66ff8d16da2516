"""What ``ss`` sees inside a lab."""

from __future__ import annotations

import shutil
import time
from collections import Counter
from typing import TYPE_CHECKING

import pytest

from twtop.core.states import State

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from twtop.lab.host import Host
    from twtop.lab.specimen import Specimen

SECONDS = 30.0
"""How long something may take that mostly takes a moment."""

if shutil.which("ss") is None:
    pytest.skip("ss (iproute2) is not installed", allow_module_level=True)


def states(host: Host) -> Counter[str]:
    return Counter(line.split()[0] for line in host.run(["ss", "-tanH"]).stdout.splitlines())


def ss_row(made: Specimen) -> dict[str, str] | None:
    """The row that ss shows for a specimen."""
    return _ss_rows(made.host).get(_ends(made))


def settle(made: Iterable[Specimen]) -> None:
    """Wait until ss shows every specimen in its state: peers acknowledge late, and lost FINs come again."""
    # ss of iproute2 6.1 does not ask for bound-inactive sockets.
    listed = [specimen for specimen in made if specimen.state is not State.UNCONN]

    def seen() -> list[str | None]:
        rows = {host: _ss_rows(host) for host in {specimen.host for specimen in listed}}
        return [rows[specimen.host].get(_ends(specimen), {}).get("state") for specimen in listed]

    eventually(seen, [specimen.state.label for specimen in listed])


def _ends(made: Specimen) -> tuple[str, str]:
    local, remote = (f"{address}:{port or '*'}" for address, port in (made.local, made.remote))
    return local, remote


def _ss_rows(host: Host) -> dict[tuple[str, str], dict[str, str]]:
    rows = {}
    for line in host.run(["ss", "-tanoeH"]).stdout.splitlines():
        state, rqueue, wqueue, local, remote, *rest = line.replace("[", "").replace("]", "").split()
        timer = next((word[7:].split(",")[0] for word in rest if word.startswith("timer:(")), "off")
        inode = next((word[4:] for word in rest if word.startswith("ino:")), "0")
        rows[local, remote] = {
            "state": state,
            "timer": timer,
            "inode": inode,
            "rqueue": rqueue,
            "wqueue": wqueue,
        }
    return rows


def eventually(make: Callable[[], object], expected: object) -> None:
    """Poll, because timers and other cores act in their own time, and the machine may be busy."""
    deadline = time.monotonic() + SECONDS
    while (seen := make()) != expected and time.monotonic() < deadline:
        time.sleep(0.01)
    assert seen == expected
