from __future__ import annotations

import re

import pytest

from tests.bench import snapshot


@pytest.mark.usefixtures("namespaces")
def test_the_report_has_every_figure_and_a_verdict_on_each_target(capsys: pytest.CaptureFixture[str]) -> None:
    snapshot.run(sockets=600, alternate=400, rounds=1)
    said = capsys.readouterr().out
    assert "600 TIME-WAIT sockets" in said
    assert "400 sockets whose states alternate" in said
    assert len(re.findall(r"target (?:>=|<=) [\d.]+: (?:met|missed)", said)) == 4
