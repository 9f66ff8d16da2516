"""Every rule is complete, and every text of it true of the host it is told on, as far as a text shows."""

from __future__ import annotations

import inspect
import re
from functools import cache
from importlib import import_module
from itertools import chain
from pathlib import Path
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Final

import pytest

from tests.knowledge.hosts import host, this_host
from twtop.core.snapshot import snapshot
from twtop.core.sockets import Sockets
from twtop.diagnosis import rules
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.inputs import missing
from twtop.diagnosis.rule import LISTINGS, Symptom, texts_of
from twtop.diagnosis.rules import RULES
from twtop.knowledge.conditions import ROW_FACTS
from twtop.knowledge.counter_pages import counter_pages
from twtop.knowledge.pages import sysctl_pages
from twtop.knowledge.placeholders import PLACEHOLDER, is_of_host

if TYPE_CHECKING:
    from twtop.diagnosis.rule import Rule
    from twtop.knowledge.facts import HostFacts

TESTS: Final = Path(__file__).parents[1]
HOSTS: Final = {
    "default": host(),
    "reuse on": host({"tcp_tw_reuse": "1", "tcp_fin_timeout": "90", "tcp_rfc1337": "1"}),
    "without timestamps": host({"tcp_timestamps": "0", "tcp_orphan_retries": "7", "tcp_syncookies": "0"}),
    "in a namespace": host(namespaced=True),
    "this one": this_host(),
}

LONGEST_TITLE: Final = 64
LONGEST_TEXT: Final = 260
ALWAYS: Final = {"sockets", "ports", "configured"}
NEITHER_COUNTER_NOR_SYSCTL: Final = {*ALWAYS, "tcp_info", "backlogs"}
REMOVED: Final = {"net.ipv4.tcp_tw_recycle"}

MODULES: Final = [import_module(f"{rules.__name__}.{found.name}") for found in iter_modules(rules.__path__)]

every_rule = pytest.mark.parametrize("rule", RULES.values(), ids=RULES)


EXPECTED: Final = (
    "accept-queue-full",
    "backlog-small",
    "close-wait-leak",
    "connect-holds-ports",
    "connect-slow",
    "connect-unanswered",
    "conntrack-full",
    "data-unanswered",
    "deferred-accept",
    "fin-behind-window",
    "fin-timeout-above-60",
    "fin-unanswered",
    "half-closed",
    "keepalive-missing",
    "loopback-time-wait",
    "old-timestamps",
    "orphan-pressure",
    "peer-does-not-close",
    "ports-bound-first",
    "ports-gone-soon",
    "ports-nearly-gone",
    "recycle-configured",
    "reuse-off",
    "reuse-without-timestamps",
    "rfc1337-on",
    "short-connections",
    "syn-queue-full",
    "tcp-memory",
    "time-wait-at-server",
    "time-wait-overflow",
    "time-wait-restarts",
    "zero-window",
)
"""Scripts know them by these names."""


@pytest.mark.parametrize("name", EXPECTED)
def test_it_is_there_under_the_name_that_scripts_know(name: str) -> None:
    assert RULES[name].name == name


def test_every_module_is_registered_and_every_name_unique() -> None:
    assert sorted(rule.name for module in MODULES for rule in module.RULES) == sorted(RULES)
    assert len({rule.title for rule in RULES.values()}) == len(RULES)


@every_rule
def test_a_rule_is_complete(rule: Rule) -> None:
    assert re.fullmatch(r"[a-z0-9]+(?:-[a-z0-9]+){0,4}", rule.name)
    assert 0 < len(rule.title) <= LONGEST_TITLE
    assert not rule.title.endswith(".")
    assert rule.threshold
    assert not rule.threshold.endswith(".")
    assert rule.inputs
    assert rule.check
    assert rule.remedies
    assert rule.sources
    assert rule.snapshots >= 1


@every_rule
def test_what_it_looks_at_exists(rule: Rule) -> None:
    for name in (*rule.inputs, *rule.helped_by):
        known = name in NEITHER_COUNTER_NOR_SYSCTL or name in counter_pages() or name in sysctl_pages()
        assert known, name
    assert set(rule.sysctls) <= set(sysctl_pages())
    assert len(set(rule.sysctls)) == len(rule.sysctls)
    assert not set(rule.inputs) & set(rule.helped_by)


@every_rule
def test_its_texts_are_sentences_of_a_bearable_length(rule: Rule) -> None:
    for text in rule.texts:
        assert text.text.strip() == text.text
        assert "  " not in text.text
        assert len(text.text) <= LONGEST_TEXT, text.text
    for text in texts_of(rule.remedies):
        assert text.text[0].isupper() or text.text[0] == "{"
        assert text.text.endswith("."), text.text
    assert rule.cause.endswith((".", "}"))


@every_rule
def test_what_not_to_do_says_why(rule: Rule) -> None:
    for text in texts_of(rule.dont):
        advice, colon, why = text.text.partition(": ")
        assert advice, text.text
        assert colon, text.text
        assert why.endswith("."), text.text


@every_rule
def test_conditions_ask_for_sysctls_only(rule: Rule) -> None:
    for text in rule.texts:
        assert not text.when.names & ROW_FACTS
        assert text.when.names <= set(sysctl_pages())


@every_rule
def test_commands_set_what_exists(rule: Rule) -> None:
    for text in rule.texts:
        for name in re.findall(r"sysctl -w ([\w.]+)=\S", text.command + text.text):
            assert name in sysctl_pages(), text
            assert name not in REMOVED


@every_rule
@pytest.mark.parametrize("facts", HOSTS.values(), ids=HOSTS)
def test_placeholders_are_of_the_host_or_of_the_symptom(rule: Rule, facts: HostFacts) -> None:
    of_symptom = values_of(rule)
    kinds = frozenset(text.kind for text in rule.texts)
    symptom = Symptom(Severity.NOTE, "headline", values=dict.fromkeys(of_symptom, "VALUE"), kinds=kinds)
    finding = rule.finding(symptom, facts)
    said = [finding.cause, *finding.check, *finding.dont, *finding.commands]
    said += [remedy.text for remedy in finding.remedies]
    assert not [text for text in said if PLACEHOLDER.search(text)]
    assert finding.cause


def values_of(rule: Rule) -> set[str]:
    """Return the placeholders of a rule that neither the host nor its sockets fill: its symptoms must."""
    names = {name for text in rule.texts for name in PLACEHOLDER.findall(text.text + text.command)}
    return {name for name in names - LISTINGS.keys() if not is_of_host(name)}


@every_rule
def test_its_module_knows_every_value_that_its_texts_want(rule: Rule) -> None:
    (module,) = (module for module in MODULES if rule in module.RULES)
    source = inspect.getsource(module)
    assert not [name for name in values_of(rule) if f'"{name}"' not in source]


@every_rule
def test_sysctls_in_its_texts_are_known(rule: Rule) -> None:
    for text in rule.texts:
        names = {name for name in PLACEHOLDER.findall(text.text + text.command) if "." in name}
        assert names <= set(sysctl_pages())


@every_rule
def test_it_is_tried_on_the_real_kernel_or_on_recorded_inputs(rule: Rule) -> None:
    assert any(f'"{rule.name}"' in source for source in scenarios()), f"no scenario names {rule.name}"


@cache
def scenarios() -> tuple[str, ...]:
    folders = (TESTS / "scenarios", TESTS / "diagnosis")
    found = chain.from_iterable(folder.glob("test_*.py") for folder in folders)
    return tuple(path.read_text() for path in found if path != Path(__file__))


def test_a_kernel_without_anything_runs_only_what_needs_no_more_than_sockets() -> None:
    bare = snapshot(Sockets.empty(), exact_cookies=False)
    for rule in RULES.values():
        reasons = missing(rule.inputs, bare)
        assert len(reasons) == len(set(rule.inputs) - ALWAYS)
        assert all(": " in reason for reason in reasons)
