from __future__ import annotations

import json
import os
import shutil
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.lab.oracle import eventually, states
from twtop.kernel.counters import PROC_NET, holds_sockets, read_counters
from twtop.lab.host import endpoint

if TYPE_CHECKING:
    from twtop.core.counters import Counters
    from twtop.lab.lab import Lab

FILES = ("snmp", "netstat", "sockstat", "sockstat6")
SNMP = (
    "Tcp: RtoAlgorithm MaxConn ActiveOpens\nTcp: 1 -1 14\n"
    "Udp: InDatagrams NoPorts\nUdp: 27 12345678901\n"
    "IcmpMsg: InType3\nIcmpMsg: 1\n"
)
SOCKSTAT = "sockets: used 13\nTCP: inuse 1 orphan 0 tw 4711 alloc 1 mem 0\nFRAG: inuse 0 memory 0\n"


def write(root: Path, snmp: str = "", sockstat: str = "") -> Counters:
    for name in FILES:
        (root / name).write_text({"snmp": snmp, "sockstat": sockstat}.get(name, ""))
    return read_counters(root)


def test_counters_have_the_names_of_the_kernel(tmp_path: Path) -> None:
    counters = write(tmp_path, SNMP, SOCKSTAT)
    assert counters["Tcp.MaxConn"] == -1
    assert counters["Tcp.ActiveOpens"] == 14
    assert counters["Udp.NoPorts"] == 12345678901
    assert counters["sockstat.TCP.tw"] == 4711
    assert "TcpExt.TWRecycled" not in counters
    assert counters.problems == ()


@pytest.mark.parametrize(
    ("snmp", "problem"),
    [
        ("Tcp: A B\nTcp: 1\n", "snmp: cannot understand the line 'Tcp: 1'"),
        ("Tcp: A\nTcp: x!\n", "snmp: cannot understand the line 'Tcp: x!'"),
        ("Tcp: A\nTcp: " + "9" * 90 + "\n", "snmp: cannot understand the line 'Tcp: " + "9" * 35 + "...'"),
        ("Tcp: A\n", "snmp: no numbers for the names of 'Tcp'"),
        ("\x1b[2J\n", "snmp: cannot understand the line '\\x1b[2J'"),
    ],
)
def test_an_odd_line_is_skipped_and_named(tmp_path: Path, snmp: str, problem: str) -> None:
    counters = write(tmp_path, snmp + "Udp: InErrors\nUdp: 3\n")
    assert dict(counters) == {"Udp.InErrors": 3}
    assert counters.problems == (problem,)


def test_a_number_cut_off_is_not_a_number(tmp_path: Path) -> None:
    counters = write(tmp_path, "Tcp: ActiveOpens\nTcp: 14", "TCP: inuse 1\nUDP: inuse 1")
    assert dict(counters) == {"sockstat.TCP.inuse": 1}
    assert "snmp: ends in the middle of the line 'Tcp: 14'" in counters.problems
    assert "sockstat: ends in the middle of the line 'UDP: inuse 1'" in counters.problems


def test_only_a_kernel_without_ipv6_lacks_a_file_without_a_problem(tmp_path: Path) -> None:
    write(tmp_path, SNMP, SOCKSTAT)
    (tmp_path / "sockstat6").unlink()
    assert read_counters(tmp_path).problems == ()
    (tmp_path / "netstat").unlink()
    assert read_counters(tmp_path).problems == ("netstat: no such file or directory",)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(cut=st.integers(0, len(SNMP)), tail=st.binary(max_size=40))
def test_a_damaged_file_never_yields_a_wrong_number(tmp_path: Path, cut: int, tail: bytes) -> None:
    whole = dict(write(tmp_path, SNMP))
    (tmp_path / "snmp").write_bytes(SNMP[:cut].encode())
    assert read_counters(tmp_path).items() <= whole.items()
    (tmp_path / "snmp").write_bytes(SNMP[:cut].encode() + tail)
    read_counters(tmp_path)


@pytest.mark.skipif(not PROC_NET.is_dir(), reason="no /proc/net here")
def test_this_kernel_has_no_odd_lines() -> None:
    counters = read_counters()
    assert counters.problems == ()
    assert counters["Tcp.RtoMax"] >= 1000
    assert "TcpExt.ListenOverflows" in counters
    assert "sockstat.TCP.tw" in counters


def test_every_counter_agrees_with_nstat(lab: Lab) -> None:
    if shutil.which("nstat") is None:
        pytest.skip("nstat (iproute2) is not installed")
    port = lab.server.listen().getsockname()[1]
    lab.client.connect(lab.server.address(), port)
    with lab.client.entered():
        ours = read_counters()
    theirs = json.loads(lab.client.run(["nstat", "-asjz"]).stdout)["kernel"]
    flat = {name.replace(".", ""): value for name, value in ours.items()}
    compared = {name for name in theirs.keys() & flat.keys() if name.startswith(("Tcp", "Udp"))}
    assert {"TcpActiveOpens", "TcpExtTW", "UdpInDatagrams"} <= compared
    assert {name: flat[name] for name in compared} == {name: theirs[name] for name in compared}
    assert ours["Tcp.ActiveOpens"] == 1


def test_each_thread_reads_the_counters_of_its_own_namespace(lab: Lab) -> None:
    port = lab.server.listen().getsockname()[1]
    lab.client.connect(lab.server.address(), port)
    seen: dict[str, Counters] = {}

    def work() -> None:
        lab.client.namespace.enter()
        seen["thread"] = read_counters()
        seen["process"] = read_counters(Path(f"/proc/{os.getpid()}/net"))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen["thread"]["Tcp.ActiveOpens"] == 1
    assert seen["process"]["sockstat.TCP.inuse"] == read_counters()["sockstat.TCP.inuse"]


def test_whether_the_kernel_counts_sockets(lab: Lab) -> None:
    def counts() -> bool:
        with lab.client.entered():
            return holds_sockets()

    assert not counts()
    listener = lab.server.listen(8080)
    client = lab.client.connect(*endpoint(listener))
    assert counts()
    accepted = lab.server.accept(listener)
    client.close()
    accepted.close()
    eventually(lambda: states(lab.client), {"TIME-WAIT": 1})
    assert counts(), "a TIME-WAIT is one, too"


def test_what_cannot_be_read_may_hold_sockets(tmp_path: Path) -> None:
    assert holds_sockets(tmp_path)
    (tmp_path / "sockstat").write_text("TCP: inuse 0 orphan 3 tw 0 alloc 5 mem 1\n")
    assert not holds_sockets(tmp_path)
    (tmp_path / "sockstat6").write_text("TCP6: inuse 1\n")
    assert holds_sockets(tmp_path)
