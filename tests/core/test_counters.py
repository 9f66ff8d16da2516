from __future__ import annotations

import pytest

from twtop.core.counters import Counters


def test_rates_are_growth_per_second() -> None:
    before = Counters({"Tcp.ActiveOpens": 100, "TcpExt.TW": 7})
    now = Counters({"Tcp.ActiveOpens": 150, "TcpExt.TW": 7})
    assert now.rates(before, 2.0) == {"Tcp.ActiveOpens": 25.0, "TcpExt.TW": 0.0}


def test_gauges_have_no_rate() -> None:
    values = {"Tcp.CurrEstab": 5, "sockstat.TCP.tw": 3, "sockstat6.TCP6.inuse": 1, "Tcp.RtoMin": 200}
    assert Counters(values).rates(Counters(values), 1.0) == {}


@pytest.mark.parametrize("previous", [{}, {"TcpExt.TW": 8}])
def test_without_a_comparable_past_there_is_no_rate(previous: dict[str, int]) -> None:
    assert Counters({"TcpExt.TW": 7}).rates(Counters(previous), 1.0) == {}


@pytest.mark.parametrize("seconds", [0.0, -1.0])
def test_without_time_there_is_no_rate(seconds: float) -> None:
    counters = Counters({"TcpExt.TW": 7})
    assert counters.rates(counters, seconds) == {}


def test_it_cannot_be_changed() -> None:
    values = {"TcpExt.TW": 7}
    counters = Counters(values)
    values["TcpExt.TW"] = 8
    assert counters["TcpExt.TW"] == 7
    assert "TcpExt.TWRecycled" not in counters
    with pytest.raises(TypeError):
        counters["TcpExt.TW"] = 9  # type: ignore[index]
