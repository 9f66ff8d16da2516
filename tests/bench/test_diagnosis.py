from __future__ import annotations

import pytest

from tests.bench import diagnosis


@pytest.mark.usefixtures("namespaces")
def test_the_report_has_a_verdict_and_the_costliest_rules_of_each_kind(
    capsys: pytest.CaptureFixture[str],
) -> None:
    diagnosis.run(sockets=300, rounds=1)
    said = capsys.readouterr().out
    assert said.count("target <= 5: ") == 3
    assert " TIME-WAIT sockets of clients; found: " in said
    assert " sockets in FIN-WAIT-2 and CLOSE-WAIT" in said
