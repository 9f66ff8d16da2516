"""Filters in the kernel's own terms: a mask of states, and bytecode that tests addresses and ports.

Source: net/ipv4/inet_diag.c (inet_diag_bc_audit, inet_diag_bc_run), include/uapi/linux/inet_diag.h.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from twtop.core.filter.nodes import (
    HIGHEST_PORT,
    And,
    Endpoint,
    Everything,
    Expr,
    Not,
    Or,
    Ports,
    Side,
    any_of,
)
from twtop.core.filter.reduce import by_state, elementary, kernel_part
from twtop.core.states import BOUND_INACTIVE, State

_JUMP: Final = 1
_GREATER_OR_EQUAL: Final = {Side.LOCAL: 2, Side.REMOTE: 4}
_LESS_OR_EQUAL: Final = {Side.LOCAL: 3, Side.REMOTE: 5}
_CONDITION: Final = {Side.LOCAL: 7, Side.REMOTE: 8}

_OPERATION: Final = struct.Struct("=BBH")
_HOST_CONDITION: Final = struct.Struct("=BBxxi")
_AF_UNSPEC: Final = 0
_FAMILIES: Final = {4: 2, 6: 10}
_ANY_PORT: Final = -1

LONGEST: Final = 65_528
"""Bytes of the longest program: whole words that an attribute, whose length has 16 bits, can hold."""


@dataclass(frozen=True, slots=True)
class KernelFilter:
    """What to ask the kernel for. Its answer holds every socket that matches, and possibly others."""

    states: int
    """``idiag_states``: bit n is state n, and bit 13 with CLOSED; 0 if nothing can match."""
    bytecode: bytes | None
    """Payload of INET_DIAG_REQ_BYTECODE; None if nothing but the state needs to be tested."""
    exact: bool
    """Whether the answer holds no other sockets."""


def compile_filter(expr: Expr) -> KernelFilter:
    """Turn a filter into the narrowest request that loses no matching socket.

    The kernel has no test for states but the mask, which holds for the whole request: where the rest of the
    filter differs from state to state, the request asks for what any of them needs. What the kernel knows
    nothing of, such as labels, is left to who tests the answer.
    """
    remaining = by_state(expr)
    wanted = tuple(dict.fromkeys(remaining.values()))
    tests = tuple(dict.fromkeys(map(kernel_part, wanted)))
    states = sum(state.bit for state in remaining)
    if State.UNCONN in remaining:
        states |= 1 << BOUND_INACTIVE
    exact = len(wanted) <= 1 and tests == wanted
    if not tests or Everything() in tests:
        return KernelFilter(states, None, exact)
    program = _Program()
    program.test(elementary(any_of(tests)), program.reject)
    if program.length > LONGEST:
        return KernelFilter(states, None, exact=False)
    return KernelFilter(states, program.assemble(), exact)


class _Label:
    """A place in the program that is known once the code before it is written."""

    offset: int | None = None


class _Program:
    """Writes code that falls through where a test holds, and jumps forward where it does not."""

    def __init__(self) -> None:
        self.length = 0
        self.reject = _Label()
        self._operations: list[tuple[int, bytes, _Label]] = []

    def test(self, expr: Expr, otherwise: _Label) -> None:
        """Fall through if ``expr`` holds, else go to ``otherwise``."""
        match expr:
            case Endpoint():
                self._emit(*_operation(expr), otherwise)
            case Not(term):
                holds = _Label()
                self.test(term, holds)
                self._emit(_JUMP, b"", otherwise)
                self._place(holds)
            case And(terms):
                for term in terms:
                    self.test(term, otherwise)
            case Or(terms):
                self._alternatives(terms, otherwise)

    def _alternatives(self, terms: tuple[Expr, ...], otherwise: _Label) -> None:
        holds = _Label()
        for term in terms[:-1]:
            following = _Label()
            self.test(term, following)
            self._emit(_JUMP, b"", holds)
            self._place(following)
        self.test(terms[-1], otherwise)
        self._place(holds)

    def assemble(self) -> bytes:
        """Return the program; a match is to land on its end, a jump four bytes behind it rejects."""
        self.reject.offset = self.length + 4
        code = bytearray()
        for number, argument, target in self._operations:
            assert target.offset is not None  # noqa: S101 - test() places every label it makes
            code += (
                _OPERATION.pack(number, _OPERATION.size + len(argument), target.offset - len(code)) + argument
            )
        return bytes(code)

    def _emit(self, number: int, argument: bytes, otherwise: _Label) -> None:
        self._operations.append((number, argument, otherwise))
        self.length += _OPERATION.size + len(argument)

    def _place(self, label: _Label) -> None:
        label.offset = self.length


def _operation(endpoint: Endpoint) -> tuple[int, bytes]:
    side, network = endpoint.side, endpoint.network
    match endpoint.ports:
        case Ports(low, high) if low < high == HIGHEST_PORT:
            return _GREATER_OR_EQUAL[side], _OPERATION.pack(0, 0, low)
        case Ports(low, high) if low < high:
            return _LESS_OR_EQUAL[side], _OPERATION.pack(0, 0, high)
    port = endpoint.ports.low if endpoint.ports else _ANY_PORT
    if network is None:
        return _CONDITION[side], _HOST_CONDITION.pack(_AF_UNSPEC, 0, port)
    condition = _HOST_CONDITION.pack(_FAMILIES[network.version], network.prefixlen, port)
    return _CONDITION[side], condition + network.network_address.packed
