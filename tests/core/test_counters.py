from __future__ import annotations

import pytest

from twtop.core.counters import Counters, is_gauge


def test_gauges_are_told_from_sums() -> None:
    gauges = ["Tcp.CurrEstab", "sockstat.TCP.tw", "sockstat6.TCP6.inuse", "Tcp.RtoMin"]
    assert [name for name in (*gauges, "Tcp.ActiveOpens", "TcpExt.TW") if is_gauge(name)] == gauges


def test_it_cannot_be_changed() -> None:
    values = {"TcpExt.TW": 7}
    counters = Counters(values)
    values["TcpExt.TW"] = 8
    assert counters["TcpExt.TW"] == 7
    assert "TcpExt.TWRecycled" not in counters
    with pytest.raises(TypeError):
        counters["TcpExt.TW"] = 9  # type: ignore[index]
