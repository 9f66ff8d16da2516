from __future__ import annotations

import csv
import io
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.export.oracle import snapshot, ss, twtop
from tests.warm import TWTOP

if TYPE_CHECKING:
    from twtop.lab.lab import Lab


def rows(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text, newline=""), strict=True))


def test_sockets_are_those_of_ss(every_state: Lab) -> None:
    expression = ["state", "connected", "dst", "10.77.0.0/24"]
    text = twtop(
        every_state.client, "snapshot", "--sockets", "--format", "csv", "--filter", " ".join(expression)
    )
    expected = ss(every_state.client, *expression)
    shown = {
        (f"{row['local_address']}:{row['local_port']}", f"{row['remote_address']}:{row['remote_port']}"): row
        for row in rows(text)
    }
    assert shown.keys() == expected.keys()
    assert len({row["state"] for row in shown.values()}) > 3
    for key, row in shown.items():
        seen = expected[key]
        assert (row["family"], row["state"], row["timer"]) == ("inet", seen.state, seen.timer or "")
        assert (row["inode"] or "0", row["uid"] or "0") == (str(seen.inode), str(seen.uid))
        assert bool(row["remaining_ms"]) == bool(row["retrans"]) == (seen.timer is not None)


@pytest.mark.parametrize("limit", [None, 1])
def test_groups_are_those_of_json(every_state: Lab, limit: int | None) -> None:
    arguments = ["--by", "state,remote-network", "--filter", "state time-wait or state listening"]
    arguments += [] if limit is None else ["--limit", str(limit)]
    shown = rows(twtop(every_state.server, "snapshot", "--format", "csv", *arguments))
    groups = snapshot(every_state.server, *arguments)["groups"]
    assert [(row["state"], row["remote-network"], row["sockets"]) for row in shown] == [
        (group["key"]["state"], group["key"]["remote-network"], str(group["sockets"])) for group in groups
    ]
    assert limit is not None or {bool(row["shortest_ms"]) for row in shown} == {True, False}
    assert limit is None or len(shown) == limit
    for row, group in zip(shown, groups, strict=True):
        assert sum(int(row[f"left_{part}"]) for part in range(8)) == sum(group["histogram"])


def test_so_many_sockets_are_those_of_json(every_state: Lab) -> None:
    arguments = ("--sockets", "--limit", "2", "--filter", "listening")
    shown = rows(twtop(every_state.server, "snapshot", "--format", "csv", *arguments))
    sockets = snapshot(every_state.server, *arguments)["sockets"]
    assert [row["cookie"] for row in shown] == [str(socket["cookie"]) for socket in sockets]
    assert len(shown) == 2


def test_lines_end_as_rfc_4180_has_it(lab: Lab) -> None:
    with lab.client.entered():
        command = [*TWTOP, "snapshot", "--format", "csv", "--by", "role"]
        printed = subprocess.run(command, check=True, capture_output=True).stdout
    header = "role,sockets,soon,shortest_ms,longest_ms,rqueue,wqueue," + ",".join(
        f"left_{n}" for n in range(8)
    )
    assert printed == f"{header}\r\n".encode()
