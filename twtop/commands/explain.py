"""``twtop explain``: print the words of the explanation pane."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from twtop.diagnosis.explanation import explain_rule
from twtop.diagnosis.rules import RULES
from twtop.errors import KernelError
from twtop.export.output import emit
from twtop.kernel.host import read_host
from twtop.kernel.sysctl import read_sysctls
from twtop.knowledge.explain import explain
from twtop.knowledge.facts import HostFacts
from twtop.knowledge.text import render_index, render_text
from twtop.knowledge.topics import Topic, find, topics

if TYPE_CHECKING:
    from argparse import Namespace

    from twtop.knowledge.explanation import Explanation


def print_explanation(arguments: Namespace) -> int:
    """Explain a topic or a rule as it behaves on this host, or list them all; return the exit status.

    Raises:
        UsageError: there is no such topic.
        HostError: standard output cannot be written.
    """
    width = shutil.get_terminal_size((80, 24)).columns
    if not arguments.topic:
        rules = (Topic("rule", rule.name, rule.title) for rule in RULES.values())
        emit([render_index((*topics(), *rules), width)])
        return 0
    emit([render_text(_explanation(" ".join(arguments.topic)), width)])
    return 0


def _explanation(word: str) -> Explanation:
    rule = RULES.get(word.strip().lower().replace("_", "-").replace(" ", "-"))
    return explain(find(word), _host_facts()) if rule is None else explain_rule(rule, _host_facts())


def _host_facts() -> HostFacts:
    host, sysctls = read_host(), read_sysctls()
    return HostFacts(
        sysctls=sysctls,
        unreadable=sysctls.unreadable,
        release=host.kernel,
        time_wait_ms=_time_wait_ms(),
        namespaced=host.namespaced,
    )


def _time_wait_ms() -> int:
    """Return how long TIME-WAIT lasts: as the present ones show, else as mainline kernels have it."""
    from twtop.core.sockets import Sockets
    from twtop.core.states import State
    from twtop.core.timers import longest_life_ms
    from twtop.kernel.sockdiag.dumps import SockDiag

    try:
        with SockDiag() as diag:
            return longest_life_ms(diag.dump_tcp(State.TIME_WAIT.bit).sockets)
    except KernelError:
        return longest_life_ms(Sockets.empty())
