"""The ``ss`` command line that lists the same sockets, to paste where twtop is not installed."""

from __future__ import annotations

import shlex
from typing import Final

from twtop.core.filter.nodes import And, Endpoint, Everything, Expr, Not, Or, States, states_of
from twtop.core.filter.reduce import by_state, elementary, kernel_part

_NARROW: Final = 8
"""Bits of a prefix that no address in use of the other family is likely to share."""


def ss_command(expr: Expr) -> str | None:
    """Return ``ss -tan`` with the equivalent filter, quoted for a shell; None where ``ss`` has no equivalent.

    ``ss`` has one set of states before its expression, so states that choose *among* tests have none; and it
    takes an empty set for its default one. It tests again what the kernel matched, and there compares 32-bit
    words of IPv4 and IPv6 addresses with each other (misc/ss.c, inet2_addr_match): the negation of a wide
    network, or of one at ``0.0.0.0`` or ``::``, drops sockets of the other family.
    """
    remaining = by_state(expr)
    tests = set(remaining.values())
    if len(tests) != 1:
        return None
    known = tests.pop()
    test = elementary(known)
    # Neither ss nor the kernel knows of owners and labels.
    if kernel_part(known) != known or _ss_misreads(test):
        return None
    words = ["ss", "-tan"]
    states = states_of(sum(state.bit for state in remaining))
    if isinstance(states, States):
        words += str(states).split()
    if not isinstance(test, Everything):
        words.append(str(test))
    return shlex.join(words)


def _ss_misreads(expr: Expr, *, negated: bool = False) -> bool:
    match expr:
        case Endpoint(network=network) if network:
            return negated and (network.prefixlen < _NARROW or int(network.network_address) == 0)
        case Not(term):
            return _ss_misreads(term, negated=not negated)
        case And(terms) | Or(terms):
            return any(_ss_misreads(term, negated=negated) for term in terms)
    return False
