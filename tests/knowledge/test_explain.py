"""Explanations say what is true on the host they are for."""

import pytest

from tests.knowledge.hosts import host, this_host
from twtop.core.signature import RowSignature
from twtop.core.states import State, Timer
from twtop.errors import UsageError
from twtop.knowledge.explain import explain, explain_column, explain_state, explain_sysctl
from twtop.knowledge.explanation import Explanation, Section, SysctlRow
from twtop.knowledge.facts import HostFacts
from twtop.knowledge.placeholders import duration
from twtop.knowledge.sysctl_rows import sysctl_row
from twtop.knowledge.text import render_text
from twtop.knowledge.topics import topics


def section(explanation: Explanation, heading: str) -> Section:
    return next(section for section in explanation.sections if section.heading == heading)


def said(explanation: Explanation) -> str:
    return " ".join(render_text(explanation, 200).split())


def state_row(name: str, facts: HostFacts) -> SysctlRow:
    return sysctl_row(f"net.ipv4.{name}", facts)


def test_sections_come_in_the_order_of_their_value() -> None:
    sections = explain_state(State.TIME_WAIT, host(), RowSignature(role="client")).sections
    assert [section.heading for section in sections] == [
        *("This socket", "Do", "Ends", "Don't", "Why", "Many", "Enters", "Myths", "Sysctls", "Sources"),
    ]
    sections = explain_state(State.TIME_WAIT, host()).sections
    assert [section.heading for section in sections] == [
        *("Why", "Ends", "Enters", "Many", "Do", "Don't", "Myths", "Sysctls", "Sources"),
    ]


def test_of_the_general_part_a_row_is_told_what_is_about_it() -> None:
    orphan = said(explain_state(State.FIN_WAIT_2, host(), RowSignature("zero")))
    owned = said(explain_state(State.FIN_WAIT_2, host(), RowSignature("nonzero")))
    assert "gone after 60 s" in orphan
    assert "no time limit" not in orphan
    assert "gone after 60 s" not in owned
    assert "no time limit" in owned
    mixed = said(explain_state(State.FIN_WAIT_2, host(), RowSignature("mixed", count=2)))
    assert "gone after 60 s" in mixed
    assert "no time limit" in mixed


def test_a_row_where_nothing_is_wrong_is_told_to_do_nothing() -> None:
    sending = RowSignature("nonzero", frozenset({Timer.ON}), wqueue=5)
    headings = [section.heading for section in explain_state(State.ESTAB, host(), sending).sections]
    assert "Do" not in headings


def test_the_next_move_is_named() -> None:
    assert "Next move: our application: it must close()." in said(explain_state(State.CLOSE_WAIT, host()))


@pytest.mark.parametrize(
    ("state", "changed", "expected"),
    [
        (State.FIN_WAIT_2, {}, "gone after 60 s"),
        (State.FIN_WAIT_2, {"tcp_fin_timeout": "61"}, "gone after 2 s"),
        (State.FIN_WAIT_2, {"tcp_fin_timeout": "90"}, "30 s as a full socket (timer keepalive), then 30 s"),
        (State.SYN_SENT, {}, "ETIMEDOUT after 131 s"),
        (State.SYN_SENT, {"tcp_syn_retries": "2"}, "ETIMEDOUT after 7 s"),
        (State.SYN_RECV, {}, "after 63 s"),
        (State.LAST_ACK, {}, "about 102 s"),
        (State.FIN_WAIT_1, {"tcp_orphan_retries": "1"}, "about 0.6 s"),
        (State.ESTAB, {}, "about 15 min 25 s"),
        (State.ESTAB, {}, "noticed after 2 h 11 min"),
        (State.TIME_WAIT, {}, "28,232 ports allow 470 new connections/s"),
        (
            State.TIME_WAIT,
            {"ip_local_port_range": "1024 65535"},
            "64,512 ports allow 1,075 new connections/s",
        ),
        (State.TIME_WAIT, {"ip_local_reserved_ports": "33000-33231,80"}, "28,000 ports allow 466"),
        (State.TIME_WAIT, {}, "on loopback only"),
        (State.TIME_WAIT, {"tcp_tw_reuse": "0"}, "connect() never takes it over"),
        (State.TIME_WAIT, {"tcp_tw_reuse": "1"}, "timestamps too (tcp_tw_reuse = 1), after 1 s."),
        (
            State.TIME_WAIT,
            {"tcp_tw_reuse": "1", "tcp_timestamps": "0"},
            "without effect here: timestamps are off",
        ),
        (State.TIME_WAIT, {}, "tcp_tw_recycle: not in this kernel"),
        (State.TIME_WAIT, {"tcp_rfc1337": "1"}, "Set tcp_rfc1337 = 0."),
        (State.SYN_RECV, {"tcp_syncookies": "0"}, "Set tcp_syncookies = 1 (now 0)."),
        (State.SYN_RECV, {"tcp_rto_max_ms": "1000"}, "Kernels after 6.18 apply tcp_rto_max_ms (1000)"),
    ],
)
def test_a_page_tells_the_numbers_of_its_host(state: State, changed: dict[str, str], expected: str) -> None:
    assert expected in said(explain_state(state, host(changed)))


@pytest.mark.parametrize(
    ("state", "changed", "unexpected"),
    [
        (State.TIME_WAIT, {"tcp_tw_reuse": "1"}, "For clients: tcp_tw_reuse = 1"),
        (State.TIME_WAIT, {"tcp_tw_reuse": "1"}, "loopback only (tcp_tw_reuse"),
        (State.TIME_WAIT, {"tcp_tw_recycle": "0"}, "not in this kernel (gone"),
        (State.FIN_WAIT_2, {}, "as a full socket (timer"),
        (State.FIN_WAIT_2, {"tcp_fin_timeout": "90"}, "A smaller tcp_fin_timeout"),
        (State.LISTEN, {"tcp_syncookies": "0"}, "it has no effect while tcp_syncookies is on"),
        (State.LISTEN, {"tcp_abort_on_overflow": "1"}, "in silence"),
    ],
)
def test_a_page_is_silent_about_other_hosts(state: State, changed: dict[str, str], unexpected: str) -> None:
    assert unexpected not in said(explain_state(state, host(changed)))


def test_a_number_from_a_sysctl_that_was_not_read_is_called_the_default() -> None:
    assert "gone after 60 s by default" in said(explain_state(State.FIN_WAIT_2, HostFacts()))


@pytest.mark.parametrize(("seen_ms", "expected"), [(60_000, "After 60 s."), (89_900, "After 90 s.")])
def test_the_length_of_time_wait_is_what_was_seen(seen_ms: int, expected: str) -> None:
    assert expected in said(explain_state(State.TIME_WAIT, host(time_wait_ms=seen_ms)))


def test_a_sysctl_with_its_default() -> None:
    row = state_row("tcp_fin_timeout", host())
    assert (row.value, row.default, row.state, row.note) == ("60", "60", "default", "default")


def test_a_changed_sysctl_is_marked() -> None:
    row = state_row("tcp_fin_timeout", host({"tcp_fin_timeout": "30"}))
    assert (row.value, row.state, row.note) == ("30", "changed", "default 60")
    changed = said(explain_state(State.FIN_WAIT_2, host({"tcp_fin_timeout": "30"})))
    assert "net.ipv4.tcp_fin_timeout = 30 (default 60)" in changed


def test_tabs_between_numbers_are_no_change() -> None:
    assert state_row("ip_local_port_range", host()).state == "default"


def test_an_empty_list_is_called_so() -> None:
    row = state_row("ip_local_reserved_ports", host({"ip_local_reserved_ports": "8080"}))
    assert row.note == "default empty"
    assert "ip_local_reserved_ports = empty (default)" in said(explain_state(State.TIME_WAIT, host()))


def test_a_default_that_the_kernel_computes_is_not_compared() -> None:
    row = state_row("tcp_max_tw_buckets", host())
    assert row.state == "computed"
    assert row.note == "default: half the socket hash buckets, at most 262144"


def test_old_kernels_had_other_defaults() -> None:
    values = {"net.core.somaxconn": "128"}
    assert sysctl_row("net.core.somaxconn", HostFacts(values, release="4.19.0-27-amd64")).state == "default"
    assert sysctl_row("net.core.somaxconn", HostFacts(values, release="5.4.0")).state == "changed"
    assert sysctl_row("net.core.somaxconn", HostFacts(values, release="unheard of")).state == "changed"


def test_why_a_sysctl_has_no_value() -> None:
    inside = host(namespaced=True, unreadable={"net.ipv4.tcp_retries1": "permission denied"})
    notes = {
        "net.ipv4.tcp_retries1": ("unreadable", "not readable: permission denied"),
        "net.ipv4.tcp_mem": ("hidden", "not visible in this namespace"),
        "net.ipv4.tcp_tw_recycle": ("absent", "not in this kernel: gone in 4.12"),
        "net.ipv4.tcp_migrate_req": ("absent", "not in this kernel: came with 5.14"),
        "net.ipv4.tcp_early_demux": ("absent", "not in this kernel"),
        "net.netfilter.nf_conntrack_max": ("absent", "the nf_conntrack module is not loaded"),
    }
    for name, (state, note) in notes.items():
        row = sysctl_row(name, inside)
        assert (row.value, row.state, row.note) == (None, state, note)
    assert state_row("tcp_mem", host()).note == "not in this kernel"


def test_a_sysctl_page_warns_of_the_trap_it_is_in() -> None:
    page = explain_sysctl("net.ipv4.tcp_fin_timeout", host({"tcp_fin_timeout": "75"}))
    assert "75 is shorter than the default 60: the trap of 61 to 89." in section(page, "Beware").lines
    assert "An orphan in FIN-WAIT-2 lives 30 s on this host." in section(page, "Effect").lines
    assert section(page, "States").lines == ("FIN-WAIT-2",)


def test_sysctls_and_columns_may_be_spelled_freely() -> None:
    assert explain_sysctl("tcp_fin_timeout", host()) == explain_sysctl("net/ipv4/tcp_fin_timeout", host())
    assert explain_column("time-left", host()).title.startswith("time left: ")


def test_the_wrong_kind_of_topic_is_refused() -> None:
    with pytest.raises(UsageError, match="TIME-WAIT is a state, not a sysctl"):
        explain_sysctl("time-wait", host())


@pytest.mark.parametrize("facts", [host(), HostFacts(), this_host()], ids=["default", "empty", "here"])
def test_everything_can_be_explained_without_loose_ends(facts: HostFacts) -> None:
    for topic in topics():
        text = render_text(explain(topic, facts), 80)
        assert text.replace("\n", "").isprintable()
        assert not set("{}") & set(text)


def test_text_from_the_kernel_cannot_steer_the_terminal() -> None:
    row = sysctl_row("net.ipv4.tcp_mem", HostFacts({"net.ipv4.tcp_mem": "1\x1b[2J"}))
    assert row.value == "1?[2J"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.7, "0.7 s"),
        (2, "2 s"),
        (63, "63 s"),
        (102.2, "102 s"),
        (240, "4 min"),
        (924.6, "15 min 25 s"),
        (3600, "1 h"),
    ],
)
def test_durations_read_like_timers(seconds: float, text: str) -> None:
    assert duration(seconds) == text
