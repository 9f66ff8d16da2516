from __future__ import annotations

import pytest

from twtop.sources.owners.budget import SLICE_S, CpuBudget

SHARE, FIRST_S, BURST_S = 0.05, 1.0, 0.25


@pytest.fixture
def budget() -> CpuBudget:
    return CpuBudget(SHARE, FIRST_S, BURST_S, now_s=100.0, cpu_s=7.0)


def test_the_first_credit_is_used_without_a_rest(budget: CpuBudget) -> None:
    assert budget.rest_s(100.5, 7.5) == 0
    assert budget.rest_s(100.9, 7.9) == 0


def test_whoever_has_overdrawn_rests_until_the_share_has_made_up_for_it(budget: CpuBudget) -> None:
    rest_s = budget.rest_s(101.2, 8.2)
    assert rest_s > (8.2 - 7.0 - FIRST_S - SHARE * 1.2) / SHARE
    assert budget.rest_s(101.2 + rest_s, 8.2) == 0


def test_in_the_long_run_the_share_is_kept(budget: CpuBudget) -> None:
    now_s, cpu_s = 100.0, 7.0
    while now_s < 1000:
        cpu_s += 0.003
        now_s += 0.003
        now_s += budget.rest_s(now_s, cpu_s)
    assert cpu_s - 7.0 == pytest.approx(FIRST_S + SHARE * (now_s - 100.0), abs=2 * SLICE_S + BURST_S)


def test_quiet_times_save_up_a_burst_and_no_more(budget: CpuBudget) -> None:
    budget.rest_s(101.0, 8.0)
    assert budget.rest_s(5000.0, 8.0) == 0
    assert budget.rest_s(5000.0, 8.0 + BURST_S - 0.001) == 0
    assert budget.rest_s(5000.0, 8.0 + BURST_S + 0.001) > 0


def test_what_is_left_of_the_first_credit_is_void_in_the_end(budget: CpuBudget) -> None:
    budget.end_first()
    assert budget.rest_s(100.0, 7.0 + BURST_S + 0.001) > 0
