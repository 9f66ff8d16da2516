from __future__ import annotations

import re

import pytest

from tests.bench import record_codec, record_file


@pytest.mark.usefixtures("namespaces")
def test_the_report_has_sizes_and_costs_of_a_busy_host_and_of_a_quiet_one(
    capsys: pytest.CaptureFixture[str],
) -> None:
    record_codec.run(sockets=6000, rounds=2, warm_up_s=0.3, every_s=0.2)
    said = capsys.readouterr().out
    assert "bytes per new socket" in said
    assert "recording 500 sockets" in said
    assert len(re.findall(r"target <= [\d.]+: (?:met|missed)", said)) == 6


@pytest.mark.usefixtures("namespaces")
def test_the_recorder_as_a_whole_is_measured(capsys: pytest.CaptureFixture[str]) -> None:
    record_file.run(sockets=6000, rounds=2, warm_up_s=0.3, starting_s=1.5)
    said = capsys.readouterr().out
    assert "bytes in the file per new socket" in said
    assert "twtop record: 500 sockets of which none is new" in said
    assert len(re.findall(r"target <= [\d.]+: (?:met|missed)", said)) == 3
