"""Every counter that says something about TCP states has an entry, and the entry is true of this kernel."""

from __future__ import annotations

import pytest

from tests.knowledge.hosts import host
from twtop.core.counters import is_gauge
from twtop.core.states import State
from twtop.errors import UsageError
from twtop.kernel.counters import read_counters
from twtop.knowledge.counter_pages import CounterPage, counter_pages, short_name
from twtop.knowledge.explain import explain, explain_counter
from twtop.knowledge.pages import sysctl_pages
from twtop.knowledge.text import render_text
from twtop.knowledge.topics import find, named

TCP = "ActiveOpens PassiveOpens AttemptFails EstabResets CurrEstab RetransSegs OutRsts InErrs"
TCP_EXT = """
 TW TWKilled TWRecycled TCPTimeWaitOverflow PAWSActive PAWSPassive PAWSEstab PAWSTimewait PAWSOldAck
TSEcrRejected BeyondWindow ListenOverflows ListenDrops TCPReqQFullDoCookies TCPReqQFullDrop
SyncookiesSent SyncookiesRecv SyncookiesFailed EmbryonicRsts TCPAbortOnClose TCPAbortOnData
TCPAbortOnTimeout TCPAbortOnMemory TCPAbortOnLinger TCPAbortFailed TCPTimeouts TCPSynRetrans TCPKeepAlive
TCPACKSkippedSynRecv TCPACKSkippedFinWait2 TCPACKSkippedTimeWait TCPACKSkippedPAWS TCPACKSkippedSeq
TCPACKSkippedChallenge TCPChallengeACK TCPSYNChallenge TCPBacklogDrop TCPRcvQDrop PruneCalled
TCPZeroWindowDrop TCPToZeroWindowAdv TCPMigrateReqSuccess TCPMigrateReqFailure TCPMemoryPressures
"""
NEEDED = {
    *(f"Tcp.{name}" for name in TCP.split()),
    *(f"TcpExt.{name}" for name in TCP_EXT.split()),
    *(f"sockstat.TCP.{name}" for name in ("inuse", "tw", "orphan", "alloc", "mem")),
    "sockstat6.TCP6.inuse",
}
LONGEST_MEANING = 44


def test_every_counter_has_an_entry_and_no_other() -> None:
    assert set(counter_pages()) == NEEDED


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_what_this_kernel_lacks_says_why(name: str) -> None:
    page = counter_pages()[name]
    if name not in read_counters():
        assert page.since or page.gone or page.absent
    elif page.gone:
        pytest.fail(f"{name} is said to be gone in {page.gone}, and is here")


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_a_page_is_short_and_names_what_exists(name: str) -> None:
    page = counter_pages()[name]
    assert page.details
    assert len(page.meaning) <= LONGEST_MEANING
    assert set(page.states) <= {state.label for state in State}
    assert set(page.sysctls) <= set(sysctl_pages())
    assert not (page.alert and is_gauge(name))


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_a_counter_is_found_by_the_names_of_nstat_and_in_sentences(name: str) -> None:
    assert find(name).name == find(name.replace(".", "")).name == name
    word = named(short_name(name))
    assert word is not None
    assert word.name == name


def test_the_reading_follows_the_host() -> None:
    def said(**changed: str) -> str:
        return render_text(explain(find("ListenOverflows"), host(changed)), 200)

    assert "Clients hear nothing" in said(tcp_abort_on_overflow="0")
    assert "answered by RST here" in said(tcp_abort_on_overflow="1")


def test_an_explanation_says_what_is_counted_since_when_and_what_rules_it() -> None:
    text = render_text(explain(find("PAWSTimewait"), host()), 100)
    assert text.startswith("TcpExt.PAWSTimewait: old timestamp at TIME-WAIT\n")
    assert "Sum of this network namespace" in text
    assert "Since Linux 6.16." in text
    assert "net.ipv4.tcp_rfc1337 = 0" in text
    orphans = render_text(explain(find("sockstat.TCP.orphan"), host()), 100)
    assert "What this machine has now." in orphans
    assert "Since Linux" not in orphans


def test_another_topic_is_no_counter() -> None:
    with pytest.raises(UsageError, match="TIME-WAIT is a state, not a counter"):
        explain_counter("TW", host())


@pytest.mark.parametrize(
    ("page", "lack"),
    [
        (CounterPage("", (), gone="4.12"), "not in this kernel: gone in 4.12"),
        (CounterPage("", (), since="6.16"), "not in this kernel: came with 6.16"),
        (CounterPage("", (), absent="IPv6 is off"), "IPv6 is off"),
        (CounterPage("", ()), "not in this kernel"),
    ],
)
def test_a_lack_has_its_reason(page: CounterPage, lack: str) -> None:
    assert page.lack == lack
