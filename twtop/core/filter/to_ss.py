"""The ``ss`` command line that lists the same sockets, to paste where twtop is not installed."""

from __future__ import annotations

import shlex

from twtop.core.filter.nodes import And, Endpoint, Everything, Expr, Not, Or, States, any_of, states_of
from twtop.core.filter.reduce import by_state, elementary


def ss_command(expr: Expr) -> str | None:
    """Return ``ss -tan`` with the equivalent filter, quoted for a shell; None where ``ss`` has no equivalent.

    ``ss`` has one set of states before its expression, so states that choose *among* tests have none. It
    tests again what the kernel matched, comparing IPv4 and IPv6 addresses word by word (misc/ss.c,
    inet2_addr_match): a negated network at ``0.0.0.0`` or ``::`` would drop sockets of the other family.
    """
    remaining = by_state(expr)
    tests = set(remaining.values())
    if len(tests) > 1:
        return None
    test = elementary(any_of(tuple(tests)))
    if _ss_misreads(test):
        return None
    words = ["ss", "-tan"]
    states = states_of(sum(state.bit for state in remaining))
    if isinstance(states, States):
        words += str(states).split()
    if remaining and not isinstance(test, Everything):
        words.append(str(test))
    return shlex.join(words)


def _ss_misreads(expr: Expr, *, negated: bool = False) -> bool:
    match expr:
        case Endpoint(network=network) if network:
            return negated and int(network.network_address) == 0
        case Not(term):
            return _ss_misreads(term, negated=not negated)
        case And(terms) | Or(terms):
            return any(_ss_misreads(term, negated=negated) for term in terms)
    return False
