"""Labels of the user's file in what is printed: grouped by, filtered by, and beside each socket."""

from __future__ import annotations

import csv
import io
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.export.oracle import snapshot, twtop
from tests.warm import TWTOP

if TYPE_CHECKING:
    from pathlib import Path

    from twtop.lab.lab import Lab

FILE = """\
10.77.0.0/24  lab
10.77.0.1     the client   # one of the lab
"""


@pytest.fixture
def names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    (tmp_path / "twtop").mkdir()
    path = tmp_path / "twtop" / "names"
    path.write_text(FILE)
    return path


@pytest.mark.usefixtures("names")
def test_every_socket_has_the_label_of_its_peer(every_state: Lab) -> None:
    document = snapshot(every_state.server, "--sockets", "--by", "label")
    counted: dict[str, int] = {}
    for socket in document["sockets"]:
        alone = socket["state"] in ("LISTEN", "UNCONN")
        address = socket["remote"]["address"].removeprefix("::ffff:")
        expected = None if alone else "the client" if address == "10.77.0.1" else None
        expected = "lab" if expected is None and address.startswith("10.77.0.") else expected
        assert socket["label"] == expected
        key = "*" if alone else expected or "no label"
        counted[key] = counted.get(key, 0) + 1
    assert counted["the client"]
    assert {group["key"]["label"]: group["sockets"] for group in document["groups"]} == counted


@pytest.mark.usefixtures("names")
def test_a_filter_by_label_lets_these_through_alone(every_state: Lab) -> None:
    everything = snapshot(every_state.server, "--sockets")["sockets"]
    for text, label in (
        ('label = "the client"', "the client"),
        ("label = the*", "the client"),
        ('label = ""', None),
    ):
        found = snapshot(every_state.server, "--sockets", "--filter", text)["sockets"]
        wanted = [
            socket
            for socket in everything
            if socket["label"] == label and socket["state"] not in ("LISTEN", "UNCONN")
        ]
        assert {socket["cookie"] for socket in found} == {socket["cookie"] for socket in wanted}, text


def test_csv_has_a_column_for_labels_where_there_are_some(every_state: Lab, names: Path) -> None:
    def rows() -> list[dict[str, str]]:
        text = twtop(every_state.server, "snapshot", "--sockets", "--format", "csv")
        return list(csv.DictReader(io.StringIO(text, newline="")))

    assert {row["label"] for row in rows()} >= {"the client", ""}
    names.unlink()
    assert "label" not in rows()[0]


@pytest.mark.parametrize("command", [["snapshot"], ["doctor"], []], ids=["snapshot", "doctor", "screen"])
def test_a_mistake_in_the_file_is_told_before_anything_else(command: list[str], names: Path) -> None:
    names.write_text("10.0.0.0/8 ours\n10.0.0.999 db\n")
    ended = subprocess.run([*TWTOP, *command], capture_output=True, text=True, check=False)
    assert ended.returncode == 2
    assert ended.stdout == ""
    assert ended.stderr == (
        f"twtop: {names}, line 2: '10.0.0.999' is no address or network;"
        " write one as 10.0.0.5, 10.0.0.0/8 or 2001:db8::/32\n"
    )
