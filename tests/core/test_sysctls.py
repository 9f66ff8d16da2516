from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtop.core.sysctls import FIN_TIMEOUT, LOCAL_PORT_RANGE, RESERVED_PORTS, TW_REUSE, PortRange, Sysctls


def test_an_old_kernel_without_anything_has_the_defaults() -> None:
    sysctls = Sysctls({})
    assert sysctls.fin_timeout_s == 60
    assert sysctls.tw_reuse == 2
    assert sysctls.port_range == PortRange(32768, 60999)
    assert sysctls.reserved_ports == frozenset()
    assert sysctls.number("net.ipv4.tcp_tw_recycle") is None
    assert not sysctls
    assert not sysctls.unreadable


def test_values_are_typed() -> None:
    sysctls = Sysctls(
        {
            FIN_TIMEOUT: "75",
            TW_REUSE: "1",
            LOCAL_PORT_RANGE: "40000 40009",
            RESERVED_PORTS: "8080,9148,10000-10010",
            "net.ipv4.tcp_mem": "1 2 3",
            "net.ipv4.tcp_ehash_entries": "-262144",
        }
    )
    assert sysctls.fin_timeout_s == 75
    assert sysctls.tw_reuse == 1
    assert sysctls.port_range == PortRange(40000, 40009)
    assert sysctls.reserved_ports == {8080, 9148, *range(10000, 10011)}
    assert sysctls.numbers("net.ipv4.tcp_mem") == (1, 2, 3)
    assert sysctls.number("net.ipv4.tcp_mem") is None
    assert sysctls.number("net.ipv4.tcp_ehash_entries") == -262144


@pytest.mark.parametrize(
    ("low", "high", "capacity", "half"),
    [(32768, 60999, 28232, 14116), (40000, 40009, 10, 5), (40000, 40010, 11, 6), (5, 5, 1, 1), (5, 6, 2, 1)],
)
def test_half_of_a_range_has_the_parity_of_its_low_end(low: int, high: int, capacity: int, half: int) -> None:
    ports = PortRange(low, high)
    assert (ports.capacity, ports.half) == (capacity, half)
    assert low in ports
    assert high in ports
    assert low - 1 not in ports
    assert high + 1 not in ports


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        (FIN_TIMEOUT, "soon", "expected a number from 0, found 'soon'"),
        (FIN_TIMEOUT, "-1", "expected a number from 0, found '-1'"),
        (FIN_TIMEOUT, "", "expected a number from 0, found ''"),
        (TW_REUSE, "1 2", "expected a number from 0, found '1 2'"),
        (LOCAL_PORT_RANGE, "60999 32768", "expected two ports, the lower first, found '60999 32768'"),
        (LOCAL_PORT_RANGE, "1 65536", "expected two ports, the lower first, found '1 65536'"),
        (RESERVED_PORTS, "10-5", "expected ports such as 8080,10000-10010, found '10-5'"),
        (RESERVED_PORTS, "80,http", "expected ports such as 8080,10000-10010, found 'http'"),
        (RESERVED_PORTS, "1-65535,1-9", "expected each port once, found '1-65535,1-9'"),
    ],
)
def test_garbage_counts_as_unreadable(name: str, text: str, reason: str) -> None:
    sysctls = Sysctls({name: text})
    assert name not in sysctls
    assert sysctls.unreadable == {name: reason}
    assert sysctls.fin_timeout_s == 60
    assert sysctls.port_range == PortRange(32768, 60999)


@given(st.text(), st.text())
def test_no_text_raises(text: str, other: str) -> None:
    names = [FIN_TIMEOUT, TW_REUSE, LOCAL_PORT_RANGE, RESERVED_PORTS]
    sysctls = Sysctls(dict.fromkeys(names, text) | {"net.core.somaxconn": other})
    assert len(sysctls) + len(sysctls.unreadable) == len(names) + 1
    assert sysctls.fin_timeout_s >= 0
    assert sysctls.tw_reuse >= 0
    assert sysctls.port_range.capacity >= 1
    assert sysctls.reserved_ports <= set(range(65536))
    sysctls.number("net.core.somaxconn")


def test_it_cannot_be_changed() -> None:
    given_texts = {FIN_TIMEOUT: "75"}
    sysctls = Sysctls(given_texts, {"fs.nr_open": "permission denied"})
    given_texts[FIN_TIMEOUT] = "5"
    assert sysctls.fin_timeout_s == 75
    with pytest.raises(TypeError):
        sysctls.unreadable["fs.nr_open"] = ""  # type: ignore[index]
    with pytest.raises(TypeError):
        sysctls[FIN_TIMEOUT] = "5"  # type: ignore[index]
