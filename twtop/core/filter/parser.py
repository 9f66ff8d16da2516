"""From text to expression: the grammar of ``ss`` and what twtop adds to it.

    list     = operand { [ AND | OR ] operand }        no operator between two operands means AND
    operand  = states | term
    states   = { ["state" | "exclude"] STATE }          side by side they add up, as in ``ss``
    term     = NOT term | "(" list ")" | ("src" | "dst") ["=" | "!="] HOST
             | ("sport" | "dport" | "port") [COMPARISON] PORTS | ("sport" | "dport" | "port") ":" PORTS | HOST
             | ATTRIBUTE ["=" | "!="] VALUE {"," VALUE}       any of the values
             ATTRIBUTE is one of `ATTRIBUTES`, VALUE a word or anything in quotation marks

As in ``ss`` (misc/ssfilter.y, whatever ss(8) says), AND and OR bind equally, from left to right:
``a or b and c`` is ``( a or b ) and c``; and states that begin a list, with no operator behind them, hold for
all the rest of it: ``state established a or b`` is ``state established and ( a or b )``.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from twtop.core.filter.attributes import ATTRIBUTES
from twtop.core.filter.errors import FilterError
from twtop.core.filter.names import STATE_WORDS, state_bits
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
    any_of,
    depth,
    states_of,
)
from twtop.core.filter.operands import NUMBER, Operands, Services
from twtop.core.filter.tokens import COMPARISONS, END, MEANINGS, WORD, Token, tokens
from twtop.core.states import ALL_STATES
from twtop.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.core.filter.attributes import Attribute

_STATE_WORDS: Final = {"state": False, "exclude": True, "excl": True}
_HOST_WORDS: Final = {"src": Side.LOCAL, "dst": Side.REMOTE}
_PORT_WORDS: Final = {"sport": Side.LOCAL, "dport": Side.REMOTE, "port": Side.EITHER}
_ONLY_IN_SS: Final = frozenset({"dev", "fwmark", "autobound"})

_WORDS: Final = sorted(
    {*_STATE_WORDS, *_HOST_WORDS, *_PORT_WORDS, *ATTRIBUTES, *STATE_WORDS, *filter(str.isalpha, MEANINGS)}
)

DEEPEST: Final = 100
"""Levels of ``not``, parentheses and changes between and/or; more would exhaust Python's stack."""


def no_services(_: str) -> None:
    """Know no service name."""


def parse(text: str, services: Services = no_services) -> Expr:
    """Read a filter; a blank one matches everything. Raises FilterError.

    ``services`` finds the port of a service name, and None if there is none.
    """
    return _Parser(text, services).parse()


class _Parser:
    def __init__(self, text: str, services: Services) -> None:
        self._text = text
        self._services = services
        self._operands = Operands(text, services)
        self._rest = iter(tokens(text))
        self._now = next(self._rest)

    def parse(self) -> Expr:
        if self._now.meaning is END:
            return Everything()
        expr = self._list(0)
        if self._now.meaning is not END:
            raise self._error(f"nothing was opened that this {self._now.text!r} could close")
        return expr

    def _list(self, level: int) -> Expr:
        """Read operands up to a closing parenthesis or the end."""
        states_lead = self._at_state()
        terms: tuple[Expr, ...] = (self._operand(level),)
        if states_lead and self._now.meaning not in ("and", "or", ")", END):
            return self._limited(_conjunction(terms[0], self._list(level)))
        joined = ""
        while (operator := self._operator()) is not None:
            if joined and joined != operator:
                terms = (self._limited(_join(joined, terms)),)
            joined = operator
            terms += (self._operand(level),)
        return self._limited(_join(joined, terms))

    def _operator(self) -> str | None:
        meaning = self._now.meaning
        if meaning in (")", END):
            return None
        if meaning in ("and", "or"):
            self._take()
            return meaning
        return "and"

    def _operand(self, level: int) -> Expr:
        return self._states() if self._at_state() else self._term(level)

    def _term(self, level: int) -> Expr:
        if level > DEEPEST:
            raise self._error(f"nested more than {DEEPEST} levels deep")
        match self._now.meaning:
            case "not":
                self._take()
                return self._limited(Not(self._term(level + 1)))
            case "(":
                return self._group(level)
            case "word":
                return states_of(self._first_state()) if self._at_state() else self._predicate()
        found = repr(self._now.text) if self._now.text else "the end"
        raise self._error(f"an address, a port or a state must stand here, not {found}")

    def _group(self, level: int) -> Expr:
        opening = self._take()
        expr = self._list(level + 1)
        if self._now.meaning is END:
            raise FilterError("this '(' is never closed", self._text, opening.position)
        self._take()
        return expr

    def _at_state(self) -> bool:
        word = self._now.lower
        return word in _STATE_WORDS or (self._now.meaning is WORD and state_bits(word) is not None)

    def _states(self) -> Expr:
        bits = self._first_state()
        while self._at_state():
            bits = self._state(bits)
        return states_of(bits)

    def _first_state(self) -> int:
        return self._state(ALL_STATES if _STATE_WORDS.get(self._now.lower) else 0)

    def _state(self, bits: int) -> int:
        """Read ``state X``, ``exclude X`` or ``X``; return ``bits`` with those states added or removed."""
        excluded = _STATE_WORDS.get(self._now.lower)
        if excluded is not None:
            keyword = self._take()
            if self._now.meaning is not WORD:
                raise self._error(
                    f"a state must follow {keyword.text!r}, for example '{keyword.lower} time-wait'"
                )
        named = state_bits(self._now.text)
        if named is None:
            hint = _closest(self._now.lower, STATE_WORDS)
            raise self._error(
                f"no state is called {self._now.text!r}{hint or '; states are ' + ', '.join(STATE_WORDS)}"
            )
        self._take()
        return bits & ~named if excluded else bits | named

    def _predicate(self) -> Expr:
        word = self._take()
        if (side := _HOST_WORDS.get(word.lower)) is not None:
            return self._host_predicate(word, side)
        if (side := _PORT_WORDS.get(word.lower)) is not None:
            return self._port_predicate(word, side)
        if (attribute := ATTRIBUTES.get(word.lower)) is not None:
            return self._attribute_predicate(word, attribute)
        key, colon, ports = word.text.partition(":")
        if colon and (side := _PORT_WORDS.get(key.lower())) is not None:
            return Endpoint(side, ports=self._operands.ports(colon + ports, word.position + len(key)))
        if not any(sign in word.text for sign in ".:/[*"):
            raise self._unknown(word)
        return self._endpoint(word, Side.EITHER)

    def _host_predicate(self, word: Token, side: Side) -> Expr:
        operator = self._comparison()
        if operator.meaning not in ("=", "!="):
            message = (
                f"{word.text!r} takes '=' or '!=', not {operator.text!r}; to compare ports use sport or dport"
            )
            raise FilterError(message, self._text, operator.position, len(operator.text))
        operand = self._wanted(f"an address must follow {word.text!r}, for example '{word.lower} 10.0.0.0/8'")
        endpoint = self._endpoint(operand, side)
        return Not(endpoint) if operator.meaning == "!=" else endpoint

    def _endpoint(self, operand: Token, side: Side) -> Expr:
        network, ports = self._operands.host(operand.text, operand.position)
        return Endpoint(side, network, ports) if network or ports else Everything()

    def _port_predicate(self, word: Token, side: Side) -> Expr:
        operator = self._comparison()
        operand = self._wanted(f"a port must follow {word.text!r}, for example '{word.lower} = :443'")
        ports = self._operands.ports(operand.text, operand.position)
        if ports.low != ports.high and operator.meaning not in ("=", "!="):
            message = f"a range cannot be compared by {operator.text!r}; write one port"
            raise FilterError(message, self._text, operand.position, len(operand.text))
        return _compared(side, operator.meaning, ports)

    def _attribute_predicate(self, word: Token, attribute: Attribute) -> Expr:
        operator = self._comparison()
        if operator.meaning not in ("=", "!="):
            message = f"{word.text!r} takes '=' or '!=', not {operator.text!r}"
            raise FilterError(message, self._text, operator.position, len(operator.text))
        example = f"for example '{attribute.word} = {attribute.example}'"
        operand = self._wanted(f"{attribute.noun} must follow {word.text!r}, {example}")
        terms: list[Expr] = []
        for value, at in self._operands.values(operand.text, operand.position):
            known = attribute.read(printable(value))
            if known is None:
                message = f"{value!r} is not {attribute.noun}; write it as {attribute.example!r}"
                raise FilterError(message, self._text, at, len(value))
            terms.append(Named(attribute.word, known))
        named = any_of(tuple(dict.fromkeys(terms)))
        return Not(named) if operator.meaning == "!=" else named

    def _comparison(self) -> Token:
        """Take a comparison; where none stands, ``=`` is meant."""
        if self._now.meaning in COMPARISONS:
            return self._take()
        return Token("=", self._now.position, "=")

    def _wanted(self, message: str) -> Token:
        if self._now.meaning is not WORD:
            raise self._error(message)
        return self._take()

    def _unknown(self, word: Token) -> FilterError:
        if word.lower in _ONLY_IN_SS:
            message = f"ss filters by {word.text!r}, twtop cannot"
        elif NUMBER.fullmatch(word.text) or self._services(word.text) is not None:
            message = f"for a port write {':' + word.text!r}"
        else:
            message = f"unknown word {word.text!r}"
            message += (
                _closest(word.lower, _WORDS)
                or "; write a state, an address, ':port', or src, dst, sport, dport"
            )
        return FilterError(message, self._text, word.position, len(word.text))

    def _limited(self, expr: Expr) -> Expr:
        if depth(expr) > DEEPEST:
            raise self._error(f"nested more than {DEEPEST} levels deep")
        return expr

    def _take(self) -> Token:
        taken = self._now
        self._now = next(self._rest, taken)
        return taken

    def _error(self, message: str) -> FilterError:
        return FilterError(message, self._text, self._now.position, len(self._now.text))


def _join(operator: str, terms: tuple[Expr, ...]) -> Expr:
    if len(terms) == 1:
        return terms[0]
    return Or(terms) if operator == "or" else And(terms)


def _conjunction(states: Expr, rest: Expr) -> Expr:
    return And((states, *rest.terms)) if isinstance(rest, And) else And((states, rest))


def _compared(side: Side, operator: str, ports: Ports) -> Expr:
    first, last = {
        "=": (ports.low, ports.high),
        "!=": (ports.low, ports.high),
        "<": (0, ports.low - 1),
        "<=": (0, ports.low),
        ">": (ports.low + 1, HIGHEST_PORT),
        ">=": (ports.low, HIGHEST_PORT),
    }[operator]
    if first > last:
        return NOTHING
    endpoint = Endpoint(side, ports=Ports(first, last))
    return Not(endpoint) if operator == "!=" else endpoint


def _closest(word: str, known: Sequence[str]) -> str:
    close = get_close_matches(word.replace("_", "-"), known, n=1)
    return f"; did you mean {close[0]!r}?" if close else ""
