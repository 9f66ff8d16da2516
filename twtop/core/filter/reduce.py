"""What a filter says once part of it is known: one state, one end of the connection."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twtop.core.filter.nodes import (
    HIGHEST_PORT,
    NOTHING,
    And,
    Endpoint,
    Everything,
    Expr,
    Named,
    Not,
    Or,
    Ports,
    Side,
    States,
    all_of,
    any_of,
)
from twtop.core.states import State

if TYPE_CHECKING:
    from collections.abc import Iterable


def by_state(expr: Expr) -> dict[State, Expr]:
    """Return, for each state that can match at all, what remains to be tested: no States within.

    A socket in state s matches ``expr`` exactly if ``by_state(expr)[s]`` exists and matches.
    """
    remaining = {state: _in_state(expr, state) for state in State}
    return {state: rest for state, rest in remaining.items() if rest != NOTHING}


def destination_part(expr: Expr) -> Expr:
    """Return what ``expr`` demands of the remote end alone, whatever the state: implied by ``expr``."""
    terms = expr.terms if isinstance(expr, And) else (expr,)
    return all_of(tuple(term for term in terms if _only_remote(term)))


def kernel_part(expr: Expr) -> Expr:
    """Return what the kernel can test of an expression that `by_state` reduced; implied by ``expr``."""
    return _without_names(expr, Everything())


def _without_names(expr: Expr, instead: Expr) -> Expr:
    match expr:
        case Named():
            return instead
        case Not(term):
            return _negation(_without_names(term, _negation(instead)))
        case And(terms):
            return _conjunction(_without_names(term, instead) for term in terms)
        case Or(terms):
            return _disjunction(_without_names(term, instead) for term in terms)
    return expr


def elementary(expr: Expr) -> Expr:
    """Rewrite an expression in tests that ``ss`` and the kernel know.

    That is: one end at a time, and ports only one (with a network or without), from a port up, or up to one.
    """
    match expr:
        case Endpoint():
            return _elementary_endpoint(expr)
        case Not(term):
            return Not(elementary(term))
        case And(terms):
            return And(tuple(map(elementary, terms)))
        case Or(terms):
            return Or(tuple(map(elementary, terms)))
    return expr


def _elementary_endpoint(endpoint: Endpoint) -> Expr:
    network, ports = endpoint.network, endpoint.ports
    if endpoint.side is Side.EITHER:
        return Or(
            tuple(_elementary_endpoint(Endpoint(side, network, ports)) for side in (Side.LOCAL, Side.REMOTE))
        )
    if ports is None or ports.low == ports.high:
        return endpoint
    terms = [Endpoint(endpoint.side, network)] if network else []
    if ports.low > 0 or ports.high == HIGHEST_PORT:
        terms.append(Endpoint(endpoint.side, ports=Ports(ports.low, HIGHEST_PORT)))
    if ports.high < HIGHEST_PORT:
        terms.append(Endpoint(endpoint.side, ports=Ports(0, ports.high)))
    return all_of(tuple(terms))


def _only_remote(expr: Expr) -> bool:
    match expr:
        case Endpoint(side):
            return side is Side.REMOTE
        case Not(term):
            return _only_remote(term)
        case And(terms) | Or(terms):
            return all(map(_only_remote, terms))
    return False


def _in_state(expr: Expr, state: State) -> Expr:
    match expr:
        case States(bits):
            return Everything() if bits & state.bit else NOTHING
        case Not(term):
            return _negation(_in_state(term, state))
        case And(terms):
            return _conjunction(_in_state(term, state) for term in terms)
        case Or(terms):
            return _disjunction(_in_state(term, state) for term in terms)
    return expr


def _conjunction(terms: Iterable[Expr]) -> Expr:
    left = _without(Everything(), terms)
    return NOTHING if NOTHING in left else all_of(left)


def _disjunction(terms: Iterable[Expr]) -> Expr:
    left = _without(NOTHING, terms)
    return Everything() if Everything() in left else any_of(left)


def _without(unwanted: Expr, terms: Iterable[Expr]) -> tuple[Expr, ...]:
    """Drop a neutral term and repetitions."""
    return tuple(dict.fromkeys(term for term in terms if term != unwanted))


def _negation(term: Expr) -> Expr:
    match term:
        case Everything():
            return NOTHING
        case States():  # Nothing else of this kind is left inside one state.
            return Everything()
        case Not(inner):
            return inner
    return Not(term)
