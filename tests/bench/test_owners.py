from __future__ import annotations

import re

import pytest

from tests.bench import owners


@pytest.mark.usefixtures("namespaces")
def test_the_report_has_every_figure_and_a_verdict_on_each_target(capsys: pytest.CaptureFixture[str]) -> None:
    owners.run(processes=5, descriptors=60, sockets=200, rounds=1, ticks=1)
    said = capsys.readouterr().out
    assert "56 of them held by 5 processes" in said
    assert "56 of 56" in said
    assert len(re.findall(r"target (?:>=|<=) [\d.]+: (?:met|missed)", said)) == 3
