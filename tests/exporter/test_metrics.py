"""What is told of real sockets."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.exporter.scraping import Scraper
from tests.lab.oracle import eventually
from tests.lab.tenants import tenant
from tests.scenarios.seeds import linger
from twtop.core.states import State
from twtop.diagnosis.rules import RULES
from twtop.exporter import looks
from twtop.exporter.families import OTHER, label
from twtop.exporter.port_metrics import LEAST_USED
from twtop.lab.host import endpoint
from twtop.lab.limits import bind_then_connect
from twtop.sources.watch import ALL, chosen

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.lab.lab import Lab

USED = "twtop_destination_ports_used"


@pytest.fixture
def client(lab: Lab) -> Iterator[Scraper]:
    with Scraper(lab.client, top=2) as scraper:
        yield scraper


@pytest.fixture
def server(lab: Lab) -> Iterator[Scraper]:
    with Scraper(lab.server, top=2) as scraper:
        yield scraper


def test_both_formats_are_valid(client: Scraper) -> None:
    scrape = client.scrape()
    assert scrape.text.endswith("# EOF\n")
    if shutil.which("promtool") is None:
        pytest.skip("promtool (Debian package prometheus) is not installed")
    checked = subprocess.run(
        ["promtool", "check", "metrics"], input=scrape.older_text, capture_output=True, text=True, check=False
    )
    assert (checked.returncode, checked.stdout, checked.stderr) == (0, "", "")


def test_every_state_has_a_number(lab: Lab, client: Scraper) -> None:
    for _ in range(3):
        lab.pair()
    told = {sample.labels["state"]: sample.value for sample in client.scrape().all("twtop_sockets")}
    assert told == {state.label: 3 if state is State.ESTAB else 0 for state in State}


def test_births_and_deaths_are_told_by_cookie(lab: Lab, client: Scraper) -> None:
    staying, leaving = lab.pair(), lab.pair()
    first = client.scrape()
    # What was there at the first look was not born.
    assert {sample.value for sample in first.all("twtop_sockets_born_total")} == {0}
    for _ in range(2):
        lab.pair()
    leaving.client.close()
    leaving.server.close()
    eventually(lambda: client.scrape().value("twtop_sockets", state="TIME-WAIT"), 1)
    told = client.scrape()
    # From ESTAB to TIME-WAIT it is the same socket.
    assert told.value("twtop_sockets_born_total", state="ESTAB") == 2
    assert {sample.value for sample in told.all("twtop_sockets_gone_total")} == {0}
    opened = "twtop_tcp_active_opens_total"
    assert told.value(opened) - first.value(opened) == 2
    linger(staying.client, 0)
    staying.client.close()
    eventually(lambda: client.scrape().value("twtop_sockets_gone_total", state="ESTAB"), 1)


def test_the_busiest_destinations_are_named_and_the_others_summed(lab: Lab, client: Scraper) -> None:
    listeners = [lab.server.listen() for _ in range(4)]
    for listener, count in zip(listeners, (12, 30, 11, LEAST_USED - 1), strict=True):
        for _ in range(count):
            lab.client.connect(*endpoint(listener))
    told = client.scrape()
    named = {sample.labels["remote"]: sample.value for sample in told.all(USED)}
    address = lab.server.address()
    ports = [endpoint(listener)[1] for listener in listeners]
    assert named == {f"{address}:{ports[1]}": 30, f"{address}:{ports[0]}": 12, OTHER: 11 + LEAST_USED - 1}
    assert told.value("twtop_destinations") == 4
    low, high = (int(text) for text in lab.client.read_sysctl("net.ipv4.ip_local_port_range").split())
    busiest = {"source": lab.client.address(), "remote": f"{address}:{ports[1]}"}
    assert told.value("twtop_destination_ports_capacity", **busiest) == high - low + 1
    assert told.value("twtop_destination_ports_half", **busiest) == (high - low + 2) // 2
    assert told.value("twtop_ephemeral_port_first") == low
    assert told.value("twtop_ephemeral_port_last") == high


def test_who_uses_few_ports_is_not_named(lab: Lab, client: Scraper) -> None:
    lab.pair()
    (other,) = client.scrape().all(USED)
    assert (other.labels["source"], other.labels["remote"], other.value) == (OTHER, OTHER, 1)


def test_few_are_many_where_there_are_few(lab: Lab, client: Scraper) -> None:
    lab.client.sysctl("net.ipv4.ip_local_port_range", "40000 40003")
    listener = lab.server.listen()
    for _ in range(2):
        lab.client.connect(*endpoint(listener))
    assert client.scrape().value(USED, remote=f"{lab.server.address()}:{endpoint(listener)[1]}") == 2


def test_who_binds_first_shares_a_pool(lab: Lab, client: Scraper) -> None:
    lab.client.sysctl("net.ipv4.ip_local_port_range", "40000 40099")
    listener = lab.server.listen()
    for _ in range(12):
        bind_then_connect(lab, endpoint(listener))
    told, source = client.scrape(), {"source": lab.client.address()}
    assert told.value("twtop_bind_pool_ports_used", **source) == 12
    assert told.value("twtop_bind_pool_ports_capacity", **source) == 100
    assert told.value("twtop_ephemeral_ports_unusable", reason="bound_first") == 12


def test_nobody_is_named_if_nobody_shall_be(lab: Lab) -> None:
    listener = lab.server.listen(8080)
    for _ in range(LEAST_USED):
        lab.client.connect(*endpoint(listener))
    with Scraper(lab.client, top=0) as client, Scraper(lab.server, top=0) as server:
        assert client.scrape().value(USED) == LEAST_USED
        assert server.scrape().value("twtop_accept_queue_length") == LEAST_USED


def test_accept_queues(lab: Lab, server: Scraper) -> None:
    quiet, full = lab.server.listen(8080, backlog=5), lab.server.listen(8081, backlog=1)
    lab.server.listen(8082, backlog=7)
    lab.client.connect(*endpoint(quiet))
    for _ in range(2):
        lab.client.connect(*endpoint(full))
    told = server.scrape()
    address = lab.server.address()
    length, limit = "twtop_accept_queue_length", "twtop_accept_queue_limit"
    lengths = {sample.labels["local"]: sample.value for sample in told.all(length)}
    assert lengths == {f"{address}:8081": 2, f"{address}:8080": 1, OTHER: 0}
    assert told.value(limit, local=f"{address}:8081") == 1
    assert told.value("twtop_accept_queues_full") == 1


def test_of_all_namespaces_together_no_more_are_named(lab: Lab) -> None:
    for host in (lab.client, lab.server):
        host.listen(8080)
    with tenant(lab.client), tenant(lab.server), Scraper(lab.client, chosen=ALL, top=1) as scraper:
        told = scraper.scrape()
    assert len(told.all("twtop_accept_queue_limit")) == 1
    others = told.all("twtop_accept_queue_length", local=OTHER)
    assert len({sample.labels["netns"] for sample in others}) == len(others) >= 2


def test_listeners_that_come_and_go_are_not_named(lab: Lab, server: Scraper) -> None:
    listener = lab.server.listen(0)
    lab.client.connect(*endpoint(listener))
    (other,) = server.scrape().all("twtop_accept_queue_length")
    assert (other.labels["local"], other.value) == (OTHER, 1)


def test_every_rule_has_a_number_and_what_is_found_is_counted(lab: Lab, client: Scraper) -> None:
    quiet = client.scrape()
    assert {sample.value for sample in quiet.all("twtop_findings")} == {0}
    assert {sample.labels["rule"] for sample in quiet.all("twtop_findings")} <= RULES.keys()
    assert {sample.labels["severity"] for sample in quiet.all("twtop_findings")} == {
        "note",
        "warning",
        "critical",
    }
    lab.client.sysctl("net.ipv4.tcp_rfc1337", 1)
    told = client.scrape()
    assert sum(sample.value for sample in told.all("twtop_findings", rule="rfc1337-on")) == 1
    assert sum(sample.value for sample in told.all("twtop_findings")) == 1


def test_what_the_time_wait_table_had_no_room_for_is_counted(lab: Lab, client: Scraper) -> None:
    lab.client.sysctl("net.ipv4.tcp_max_tw_buckets", 1)
    for _ in range(3):
        pair = lab.pair()
        pair.client.close()
        pair.server.close()
    eventually(lambda: client.scrape().value("twtop_tcp_time_wait_overflows_total"), 2)
    told = client.scrape()
    assert told.value("twtop_time_wait_table_entries") == told.value("twtop_time_wait_table_limit") == 1


def test_what_twtop_itself_costs(client: Scraper) -> None:
    client.scrape()
    told = client.scrape()
    assert told.value("twtop_look_success") == 1
    assert told.value("twtop_looks_total") == 2
    assert told.value("twtop_looks_failed_total") == 0
    for name in (
        "twtop_look_cpu_seconds_total",
        "twtop_look_duration_seconds",
        "process_cpu_seconds_total",
        "process_resident_memory_bytes",
    ):
        assert told.value(name) > 0
    assert len(told.all("twtop_build_info")) == 1


def test_a_look_that_fails_says_why_and_tells_nothing_else(lab: Lab) -> None:
    with tenant(lab.server) as pid, Scraper(lab.client, chosen=chosen(str(pid))) as scraper:
        assert scraper.scrape().value("twtop_look_success") == 1
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
        told = scraper.scrape()
    assert told.value("twtop_look_success") == 0
    assert told.value("twtop_looks_failed_total") == 1
    (problem,) = told.all("twtop_look_problem_info")
    assert "is gone" in problem.labels["reason"]
    assert told.all("twtop_sockets") == []


def test_all_namespaces_side_by_side(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    lab.pair()
    with tenant(lab.client), tenant(lab.server), Scraper(lab.client, chosen=ALL) as scraper:
        told = scraper.scrape()
        namespaces = {sample.labels["netns"] for sample in told.all("twtop_sockets", state="ESTAB")}
        assert len(namespaces) == told.value("twtop_namespaces", status="told") >= 3
        assert told.value("twtop_namespaces", status="left_out") == 0
    monkeypatch.setattr(looks, "MOST_NAMESPACES", 2)
    with tenant(lab.client), tenant(lab.server), Scraper(lab.client, chosen=ALL) as scraper:
        told = scraper.scrape()
        assert told.value("twtop_namespaces", status="told") == 2
        assert told.value("twtop_namespaces", status="left_out") >= 1
        assert len(told.all("twtop_sockets", state="ESTAB")) == 2


def test_a_label_is_printable_and_short() -> None:
    assert label("a\x1b[31m\nb\u202e") == "a?[31m?b?"
    assert label("x" * 1000) == "x" * 300 + "..."
