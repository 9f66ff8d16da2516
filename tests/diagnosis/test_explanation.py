"""A rule explained before it has found anything."""

from __future__ import annotations

import re

import pytest

from tests.knowledge.hosts import host
from twtop.diagnosis.explanation import explain_rule
from twtop.diagnosis.rules import RULES
from twtop.errors import UsageError
from twtop.knowledge.text import render_text
from twtop.knowledge.topics import find

every_rule = pytest.mark.parametrize("name", RULES)


@every_rule
def test_all_that_it_may_say_is_there_and_what_only_a_finding_tells_has_a_name(name: str) -> None:
    text = " ".join(render_text(explain_rule(RULES[name], host()), 80).split())
    assert text.startswith(f"{name}: {RULES[name].title} Fires When {RULES[name].threshold}. Looks at ")
    assert all(f" {heading} " in text for heading in ("Cause", "Check", "Do", "Don't", "Sources"))
    assert not re.search(r"\{[\w.]+\}", text)


def test_what_it_finds_is_between_angle_brackets() -> None:
    explained = render_text(explain_rule(RULES["zero-window"], host()), 200)
    assert "At <peer>: ss -tanp dport = :<port>; a large Recv-Q" in explained
    assert "Who should read: ss -tanp sport = :<reader>" in explained


def test_a_command_stands_below_what_it_does() -> None:
    explained = render_text(explain_rule(RULES["rfc1337-on"], host()), 80)
    assert "\nDo\n  - Turn it off.\n    $ sysctl -w net.ipv4.tcp_rfc1337=0\n" in explained


@every_rule
def test_no_topic_has_its_name(name: str) -> None:
    with pytest.raises(UsageError):
        find(name)
