"""The files are complete, refer to each other rightly, and hold nothing a terminal could not show."""

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from itertools import chain

import pytest

from tests.knowledge.hosts import host, this_host
from twtop.core.states import State, Timer
from twtop.kernel.sysctl import WATCHED
from twtop.knowledge.conditions import ROW_FACTS
from twtop.knowledge.counter_pages import counter_pages
from twtop.knowledge.facts import HostFacts
from twtop.knowledge.pages import Paragraph, StatePage, column_pages, state_page, sysctl_pages
from twtop.knowledge.placeholders import PLACEHOLDER, fill

IPV4 = """
tcp_fin_timeout tcp_tw_reuse tcp_tw_reuse_delay tcp_tw_recycle tcp_max_tw_buckets tcp_timestamps tcp_rfc1337
ip_local_port_range ip_local_reserved_ports ip_local_port_step_width ip_autobind_reuse
ip_unprivileged_port_start
tcp_orphan_retries tcp_max_orphans tcp_retries1 tcp_retries2 tcp_syn_retries tcp_syn_linear_timeouts
tcp_synack_retries tcp_rto_max_ms tcp_rto_min_us tcp_max_syn_backlog tcp_syncookies tcp_abort_on_overflow
tcp_migrate_req tcp_fastopen tcp_keepalive_time tcp_keepalive_intvl tcp_keepalive_probes tcp_mem tcp_rmem
tcp_wmem tcp_invalid_ratelimit tcp_challenge_ack_limit tcp_ehash_entries tcp_child_ehash_entries
tcp_l3mdev_accept tcp_early_demux tcp_no_metrics_save
"""
CONNTRACK = """
max count buckets tcp_timeout_established tcp_timeout_syn_sent tcp_timeout_syn_recv tcp_timeout_fin_wait
tcp_timeout_close_wait tcp_timeout_last_ack tcp_timeout_time_wait tcp_timeout_close tcp_timeout_max_retrans
tcp_timeout_unacknowledged tcp_loose tcp_be_liberal
"""
NEEDED = {
    *(f"net.ipv4.{name}" for name in IPV4.split()),
    *(f"net.netfilter.nf_conntrack_{name}" for name in CONNTRACK.split()),
    "net.core.somaxconn",
    "fs.file-max",
    "fs.nr_open",
}
COLUMNS = {
    *("sockets", "born", "gone", "soon", "time left", "histogram", "receive queue", "send queue", "timer"),
    *("owner", "inode", "uid", "ports", "state", "remote", "peer", "remote address", "remote network"),
    *("remote port", "local address", "local", "local port", "role", "label", "namespace"),
    *("command", "user", "unit"),
}

FOLDER = files("twtop.knowledge")
ROOTS = [FOLDER, FOLDER / "states"]
TOML = [path for root in ROOTS for path in root.iterdir() if path.name.endswith(".toml")]


def page_paragraphs(page: StatePage) -> Iterator[Paragraph]:
    yield from chain(page.signatures, page.why, page.enters, page.ends, page.many, page.do, page.dont)
    yield from map(Paragraph, (page.summary, page.otherwise, page.next_move))


def all_paragraphs() -> Iterator[Paragraph]:
    for state in State:
        yield from page_paragraphs(state_page(state))
    for sysctl in sysctl_pages().values():
        yield from (*sysctl.details, *sysctl.danger, Paragraph(sysctl.meaning), Paragraph(sysctl.absent))
    for column in column_pages().values():
        yield from (*column.text, Paragraph(column.summary))
    for counter in counter_pages().values():
        yield from (*counter.details, Paragraph(counter.meaning))


def test_every_state_has_a_file_and_every_file_a_state() -> None:
    names = {path.name for path in (FOLDER / "states").iterdir()}
    assert names == {f"{state.label.lower()}.toml" for state in State}


@pytest.mark.parametrize("state", State)
def test_a_state_page_says_everything(state: State) -> None:
    page = state_page(state)
    assert page.why
    assert page.enters
    assert page.ends
    assert page.many
    assert page.do
    assert page.dont
    assert page.sysctls
    assert page.sources


@pytest.mark.parametrize("state", State)
def test_the_timers_of_signatures_exist(state: State) -> None:
    clauses = [clause for signature in state_page(state).signatures for clause in signature.when.clauses]
    timers = {clause.value for clause in clauses if clause.name == "timer"}
    assert timers <= {timer.name.lower() for timer in Timer}
    assert {clause.value for clause in clauses if clause.name == "inode"} <= {"zero", "nonzero"}


def test_every_sysctl_that_rules_tcp_states_is_there() -> None:
    assert set(sysctl_pages()) == NEEDED


def test_every_sysctl_is_read_and_every_one_read_is_there() -> None:
    assert set(WATCHED) == NEEDED


def test_states_and_sysctls_agree_on_who_affects_whom() -> None:
    by_state = {(name, state.label) for state in State for name in state_page(state).sysctls}
    by_sysctl = {(name, state) for name, page in sysctl_pages().items() for state in page.states}
    assert by_state == by_sysctl


@pytest.mark.parametrize("name", sorted(NEEDED))
def test_a_sysctl_has_one_kind_of_default(name: str) -> None:
    page = sysctl_pages()[name]
    assert (page.default is None) == bool(page.formula)
    assert bool(page.before) == bool(page.default_before)
    assert page.scope in ("namespace", "host")
    assert page.unit


def test_every_column_and_grouping_key_is_there() -> None:
    assert set(column_pages()) == COLUMNS


@pytest.mark.parametrize(
    "facts", [host(), HostFacts(), this_host()], ids=["defaults", "nothing", "this host"]
)
def test_every_placeholder_has_a_number(facts: HostFacts) -> None:
    for paragraph in all_paragraphs():
        assert not set("{}") & set(fill(paragraph.text, facts))


def test_sysctls_in_sentences_and_conditions_exist() -> None:
    for paragraph in all_paragraphs():
        names = {name for name in PLACEHOLDER.findall(paragraph.text) if "." in name}
        names |= {name for name in paragraph.when.names | paragraph.row.names if "." in name}
        assert names <= NEEDED


def test_what_is_said_of_every_host_asks_about_the_host_and_what_of_rows_about_rows() -> None:
    signatures = {signature for state in State for signature in state_page(state).signatures}
    for paragraph in all_paragraphs():
        assert paragraph.row.names <= ROW_FACTS
        if paragraph not in signatures:
            assert not paragraph.when.names & ROW_FACTS


def test_short_sysctl_names_in_sentences_exist() -> None:
    short = {name.rpartition(".")[2] for name in NEEDED} | {"nf_conntrack"}
    for paragraph in all_paragraphs():
        text = PLACEHOLDER.sub("", paragraph.text)
        assert set(re.findall(r"\b(?:tcp|ip|nf)_[a-z][a-z0-9_]+\b", text)) <= short


@pytest.mark.parametrize("path", TOML, ids=lambda path: path.name)
def test_texts_are_plain(path: object) -> None:
    text = path.read_text(encoding="utf-8")  # type: ignore[attr-defined]
    assert text.isascii()
    assert text.replace("\n", "").isprintable()
    assert tomllib.loads(text)


def test_sentences_are_short() -> None:
    for paragraph in all_paragraphs():
        assert len(paragraph.text) <= 220
