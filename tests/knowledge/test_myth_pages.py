"""The myths are complete, belong somewhere, and say on every host what is true there."""

from __future__ import annotations

import re
from typing import Final

import pytest

from tests.knowledge.hosts import host, this_host
from twtop.core.signature import RowSignature
from twtop.core.states import State
from twtop.kernel.sysctl import WATCHED
from twtop.knowledge.conditions import ALWAYS, ROW_FACTS
from twtop.knowledge.explain import explain, explain_state, explain_sysctl
from twtop.knowledge.explain_myths import explain_myth
from twtop.knowledge.facts import HostFacts, facts_of
from twtop.knowledge.myth_pages import ALL_MYTHS, MythPage, myth_pages
from twtop.knowledge.pages import Paragraph, column_pages, state_page, sysctl_pages
from twtop.knowledge.placeholders import PLACEHOLDER
from twtop.knowledge.sentences import truth_of
from twtop.knowledge.text import render_text
from twtop.knowledge.topics import find, named, topics

WRONG_CLAIMS: Final = {
    1: "enable-recycle",
    2: "reuse-is-off",
    3: "range-61000",
    4: "calls-500-per-s",
    5: "port-search-is-free",
    6: "sequential-ports",
    7: "same-as-reuseaddr",
    8: "reuseaddr-client",
    9: "fin-timeout-90",
    10: "fin-wait-1-broken-peer",
    11: "linger-n-seconds",
    12: "syn-meets-last-ack",
    13: "timestamps-nat",
    14: "wrap-24-days",
    15: "reuse-after-1-s",
    16: "mini-168-bytes",
    17: "descriptors-used-up",
    18: "delivery-ends-it",
    19: "time-wait-fault",
    20: "reuseaddr-discards",
    21: "reuse-when-empty",
    22: "clients-close-first",
    23: "linger-zero",
    24: "floor-3-5-seconds",
}
"""What articles that are still read say wrongly (W1 to W24)."""

FOLKLORE: Final = {
    *("limit-65535", "fin-timeout", "syn-backlog", "orphans-lower", "buckets-lower", "abort-on-overflow"),
    *("restart-process", "reuse-on-server", "kill-time-wait", "connect-eaddrinuse", "rfc1337-protects"),
    *("timestamps-off", "two-msl", "uid-root", "conntrack-timer", "reuse-fin-wait-2", "ports-are-global"),
    *("restart-eaddrinuse", "close-wait-sysctl", "keepalive-for-all", "somaxconn-alone", "syncookies-off"),
    *("syn-retries", "overflow-is-logged"),
}

HOSTS: Final = {
    "defaults": host(),
    "nothing": HostFacts(),
    "this host": this_host(),
    "all refused": HostFacts(unreadable=dict.fromkeys(WATCHED, "permission denied")),
    "no cookies": host({"tcp_syncookies": "0", "tcp_rfc1337": "1", "tcp_tw_reuse": "1"}),
    "vendor": host({"tcp_tw_recycle": "0", "tcp_fin_timeout": "75"}, time_wait_ms=30_000),
}

PAGES: Final = sorted(myth_pages())


def words_of(page: MythPage) -> list[Paragraph]:
    return [*page.truth, *page.details, *page.see]


def words(text: str) -> str:
    return " ".join(text.split())


def test_every_wrong_claim_and_all_folklore_has_one_page() -> None:
    assert len(set(WRONG_CLAIMS.values())) == len(WRONG_CLAIMS)
    assert not FOLKLORE & set(WRONG_CLAIMS.values())
    assert {*WRONG_CLAIMS.values(), *FOLKLORE} == set(myth_pages())


@pytest.mark.parametrize("name", PAGES)
def test_a_page_says_everything_and_belongs_somewhere(name: str) -> None:
    page = myth_pages()[name]
    assert page.claim
    assert page.truth
    assert page.evidence
    assert page.see
    assert page.states or page.sysctls or page.columns
    assert set(page.states) <= {state.label for state in State}
    assert set(page.sysctls) <= set(sysctl_pages())
    assert set(page.columns) <= set(column_pages())
    assert page.row.names <= ROW_FACTS


@pytest.mark.parametrize("name", PAGES)
def test_a_name_is_found_and_is_no_ordinary_word(name: str) -> None:
    assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)+", name)
    topic = find(name)
    assert (topic.kind, topic.name) == ("myth", name)
    assert find(name.replace("-", " ").upper()) == named(name) == topic


def test_sysctls_and_states_keep_their_names() -> None:
    assert find("tcp_tw_recycle").kind == find("tcp_fin_timeout").kind == "sysctl"
    assert "enable-recycle" in render_text(explain_sysctl("tcp_tw_recycle", host()), 80)


@pytest.mark.parametrize("name", PAGES)
def test_sentences_are_plain_short_and_about_what_exists(name: str) -> None:
    page = myth_pages()[name]
    sysctls = {sysctl.rpartition(".")[2] for sysctl in sysctl_pages()}
    for paragraph in (*words_of(page), Paragraph(page.claim), *map(Paragraph, page.evidence)):
        assert len(paragraph.text) <= 220
        assert paragraph.text.isascii()
        assert {key for key in PLACEHOLDER.findall(paragraph.text) if "." in key} <= set(sysctl_pages())
        assert not paragraph.when.names & ROW_FACTS
        assert {key for key in paragraph.when.names if "." in key} <= set(sysctl_pages())
    for text in (page.claim, *(item.text for item in (*page.truth, *page.details))):
        said = set(re.findall(r"\b(?:tcp|ip|nf)_[a-z][a-z0-9_]+\b", PLACEHOLDER.sub("", text)))
        assert said <= sysctls
    assert all(len(line) <= 72 and line.isascii() for line in page.script)
    assert len(f"  {name}: '{page.claim}'") <= 80


@pytest.mark.parametrize("name", PAGES)
def test_one_truth_always_holds(name: str) -> None:
    *others, last = myth_pages()[name].truth
    assert last.when == ALWAYS
    assert all(paragraph.when != ALWAYS for paragraph in others)


@pytest.mark.parametrize("name", PAGES)
def test_a_page_names_only_myths_whose_script_there_is(name: str) -> None:
    for step in myth_pages()[name].see:
        for other in re.findall(r"script of ([a-z0-9-]+)", step.text):
            assert myth_pages()[other].script


@pytest.mark.parametrize("facts", HOSTS.values(), ids=HOSTS.keys())
def test_every_page_is_complete_on_every_host(facts: HostFacts) -> None:
    for name in (ALL_MYTHS, *PAGES):
        for width in (40, 80):
            text = render_text(explain_myth(name, facts), width)
            assert text.replace("\n", "").isprintable()
            assert not set("{}") & set(text)
            assert max(map(len, text.splitlines())) <= width


@pytest.mark.parametrize(
    ("name", "changed", "expected"),
    [
        ("syn-backlog", {}, "no effect while tcp_syncookies is on"),
        ("syn-backlog", {"tcp_syncookies": "0"}, "here it counts, because tcp_syncookies is 0"),
        ("enable-recycle", {}, "not in this kernel"),
        ("enable-recycle", {"tcp_tw_recycle": "0"}, "it breaks clients behind NAT"),
        ("timestamps-nat", {}, "costs about 10 ms"),
        ("timestamps-nat", {"tcp_rfc1337": "1"}, "tcp_rfc1337 = 1 here makes such clients time out"),
        ("wrap-24-days", {"tcp_rfc1337": "1"}, "its client times out"),
        ("reuse-after-1-s", {"tcp_tw_reuse_delay": "30000"}, "here 30 s."),
        ("calls-500-per-s", {}, "470/s here"),
        ("calls-500-per-s", {"ip_local_port_range": "1024 65535"}, "1,075/s here"),
        ("fin-wait-1-broken-peer", {"tcp_orphan_retries": "1"}, "about 0.6 s here"),
    ],
)
def test_the_truth_is_that_of_the_host(name: str, changed: dict[str, str], expected: str) -> None:
    facts = host(changed)
    assert expected in truth_of(name, facts_of(facts), facts)


def test_a_kernel_without_the_knob_is_told_the_old_rule() -> None:
    old = HostFacts(release="5.10.223")
    assert "next whole second" in truth_of("reuse-after-1-s", facts_of(old), old)


def test_vendors_time_wait_is_told_as_it_was_seen() -> None:
    assert "Linux takes 30 s in all" in render_text(explain_myth("two-msl", HOSTS["vendor"]), 200)


@pytest.mark.parametrize("name", PAGES)
def test_a_myth_stands_where_the_reader_would_act_on_it(name: str) -> None:
    page = myth_pages()[name]
    for place in (*page.states, *page.sysctls, *page.columns):
        assert name in render_text(explain(find(place), host()), 200)


@pytest.mark.parametrize("facts", HOSTS.values(), ids=HOSTS.keys())
def test_no_page_says_a_truth_twice(facts: HostFacts) -> None:
    truths = {name: truth_of(name, facts_of(facts), facts) for name in PAGES}
    for topic in topics():
        if topic.kind in ("state", "sysctl", "column"):
            text = words(render_text(explain(topic, facts), 200))
            assert [name for name, truth in truths.items() if text.count(words(truth)) > 1] == []


def test_a_row_is_told_only_the_myths_about_such_rows() -> None:
    client = render_text(explain_state(State.TIME_WAIT, host(), RowSignature(role="client")), 200)
    server = render_text(explain_state(State.TIME_WAIT, host(), RowSignature(role="server")), 200)
    assert "calls-500-per-s" in client
    assert "calls-500-per-s" not in server
    assert "descriptors-used-up" in server
    assert "descriptors-used-up" not in client


def test_advice_that_rests_on_a_myth_names_one_that_exists() -> None:
    advice = [item for state in State for item in state_page(state).dont]
    advice += [item for page in sysctl_pages().values() for item in page.danger]
    assert {item.myth for item in advice if item.myth} <= set(myth_pages())
    assert "lower tcp_fin_timeout: it changes FIN-WAIT-2, not TIME-WAIT. See fin-timeout." in words(
        render_text(explain_state(State.TIME_WAIT, host()), 80)
    )


def test_the_list_has_each_myth_with_its_truth() -> None:
    text = words(render_text(explain_myth(ALL_MYTHS, host()), 80))
    for name, page in myth_pages().items():
        facts = facts_of(host())
        assert words(f'{name}: "{page.claim}" {truth_of(name, facts, host())}') in text
