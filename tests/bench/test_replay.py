from __future__ import annotations

import pytest

from tests.bench import replay


@pytest.mark.usefixtures("namespaces")
def test_the_report_has_jumps_and_sixty_times(capsys: pytest.CaptureFixture[str]) -> None:
    replay.run(sockets=300)
    said = capsys.readouterr().out
    assert "target <= 1500: " in said
    assert "target <= 100: " in said
    assert "kB a look" in said
