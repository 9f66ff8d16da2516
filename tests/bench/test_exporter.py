from __future__ import annotations

import re

import pytest

from tests.bench import exporter


@pytest.mark.usefixtures("namespaces")
def test_the_report_has_every_figure_and_a_verdict_on_each_target(capsys: pytest.CaptureFixture[str]) -> None:
    exporter.run(sockets=600, rounds=1)
    said = capsys.readouterr().out
    assert "600 TIME-WAIT sockets" in said
    assert len(re.findall(r"target (?:>=|<=) [\d.]+: (?:met|missed)", said)) == 2
