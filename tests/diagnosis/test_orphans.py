"""How many unanswered FINs are worth a word."""

from __future__ import annotations

import pytest

from tests.core.build import table
from tests.diagnosis.records import findings_in
from twtop.core.snapshot import snapshot
from twtop.core.states import State, Timer
from twtop.diagnosis.finding import Severity


def severity(closed: int, healthy: int, retrans: int = 3, timer: Timer = Timer.ON) -> Severity | None:
    count = closed + healthy
    taken = snapshot(
        table(
            state=[State.FIN_WAIT_1] * closed + [State.ESTAB] * healthy,
            timer=[timer] * closed + [Timer.OFF] * healthy,
            retrans=[retrans] * closed + [0] * healthy,
            local_port=[80] * count,
            remote_port=range(1024, 1024 + count),
            wqueue=[1] * closed + [0] * healthy,
        )
    )
    finding = findings_in(taken).get("fin-unanswered")
    return None if finding is None else finding.severity


@pytest.mark.parametrize(
    ("closed", "healthy", "told"),
    [
        (4, 0, None),
        (5, 0, Severity.NOTE),
        (9, 0, Severity.NOTE),
        (10, 10, Severity.WARNING),
        (10, 11, Severity.NOTE),
        (5, 245, Severity.NOTE),
        (5, 246, None),
        (100, 4900, Severity.WARNING),
    ],
)
def test_a_few_or_few_among_many_are_nothing(closed: int, healthy: int, told: Severity | None) -> None:
    assert severity(closed, healthy) is told


def test_those_that_were_repeated_once_or_wait_for_a_window_do_not_count() -> None:
    assert severity(20, 0, retrans=2) is None
    assert severity(20, 0, timer=Timer.PERSIST) is None
