from __future__ import annotations

import pytest

from tests.bench import comparison


@pytest.mark.usefixtures("namespaces")
def test_the_report_has_both_groupings(capsys: pytest.CaptureFixture[str]) -> None:
    comparison.run(sockets=300, rounds=1)
    said = capsys.readouterr().out
    assert "target <= 20: " in said
    assert said.count("target <= 1000: ") == 2
    assert "sockets, then" in said
