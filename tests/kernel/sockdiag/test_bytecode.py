from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.filter.strategies import ALL_TERMS, expressions, sockets
from twtop.core.filter import And, Endpoint, Expr, Not, Or, Ports, Side, parse
from twtop.core.states import ALL_STATES
from twtop.kernel.sockdiag.bytecode import LONGEST, KernelFilter, compile_filter

if TYPE_CHECKING:
    from twtop.core.sockets import Sockets

ROWS: Final = sockets(11)

MINIMUM: Final = {1: 4, 2: 8, 3: 8, 4: 8, 5: 8}
CONDITIONS: Final = (7, 8)
ADDRESS_BYTES: Final = {0: 0, 2: 4, 10: 16}


def operation(code: bytes, at: int) -> tuple[int, int, int]:
    number, yes, no = struct.unpack_from("=BBH", code, at)
    return number, yes, no


def audited(code: bytes) -> list[int]:
    """Check the rules of inet_diag_bc_audit; return where operations start."""
    assert 4 <= len(code) <= 65_531
    starts, at = [], 0
    while at < len(code):
        starts.append(at)
        number, yes, _ = operation(code, at)
        least = least_length(code, at) if number in CONDITIONS else MINIMUM[number]
        assert yes >= least
        assert yes % 4 == 0
        assert yes <= len(code) - at + 4
        at += yes
    assert at == len(code)
    for at in starts:
        _, _, no = operation(code, at)
        assert no % 4 == 0
        assert 4 <= no <= len(code) - at + 4
        assert at + no in {*starts, len(code), len(code) + 4}
    return starts


def least_length(code: bytes, at: int) -> int:
    family, prefix = struct.unpack_from("=BB", code, at + 4)
    assert prefix <= 8 * ADDRESS_BYTES[family]
    return 12 + ADDRESS_BYTES[family]


@dataclass(frozen=True)
class Entry:
    """What inet_diag_bc_run sees of a socket."""

    family: int
    ports: tuple[int, int]
    addresses: tuple[bytes, bytes]


def entry(rows: Sockets, row: int) -> Entry:
    addresses = []
    for end in ("local", "remote"):
        both = int(getattr(rows, f"{end}_hi")[row]) << 64 | int(getattr(rows, f"{end}_lo")[row])
        packed = both.to_bytes(16, "big")
        addresses.append(packed if rows.family[row] == 10 else packed[12:])
    ports = int(rows.local_port[row]), int(rows.remote_port[row])
    return Entry(int(rows.family[row]), ports, (addresses[0], addresses[1]))


def accepts(code: bytes, seen: Entry) -> bool:
    """Run a program as inet_diag_bc_run does."""
    at = 0
    while at < len(code):
        _, yes, no = operation(code, at)
        at += yes if holds(code, at, seen) else no
    return at == len(code)


def holds(code: bytes, at: int, seen: Entry) -> bool:
    number = code[at]
    if number == 1:
        return False
    if number in CONDITIONS:
        remote = number == 8
        return condition_holds(code, at + 4, seen.family, seen.ports[remote], seen.addresses[remote])
    wanted: int = struct.unpack_from("=H", code, at + 6)[0]
    port = seen.ports[number in (4, 5)]
    return port >= wanted if number in (2, 4) else port <= wanted


def condition_holds(code: bytes, at: int, entry_family: int, port: int, address: bytes) -> bool:
    family, prefix, wanted = struct.unpack_from("=BBxxi", code, at)
    if wanted not in (-1, port):
        return False
    if family not in (0, entry_family):
        if (entry_family, family) != (10, 2) or address[:12] != bytes(10) + b"\xff\xff":
            return False
        address = address[12:]
    if prefix == 0:
        return True
    length = ADDRESS_BYTES[family]
    both = (int.from_bytes(code[at + 8 : at + 8 + length], "big"), int.from_bytes(address, "big"))
    shift: int = 8 * length - prefix
    return both[0] >> shift == both[1] >> shift


def kernel_mask(compiled: KernelFilter, rows: Sockets) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    found = np.array([bool(compiled.states >> int(state) & 1) for state in rows.state])
    if compiled.bytecode is not None:
        audited(compiled.bytecode)
        code = compiled.bytecode
        found &= np.array([accepts(code, entry(rows, row)) for row in range(len(rows))])
    return found


@given(expressions(ALL_TERMS))
def test_the_kernel_answers_all_that_matches(expr: Expr) -> None:
    compiled = compile_filter(expr)
    answered, matching = kernel_mask(compiled, ROWS), expr.mask(ROWS)
    assert not (matching & ~answered).any()
    if compiled.exact:
        assert np.array_equal(answered, matching)


PORT_TESTS: Final[st.SearchStrategy[Expr]] = st.builds(
    Endpoint, st.sampled_from(Side), ports=st.builds(lambda port: Ports(port, port), st.integers(0, 9))
)


@given(expressions(PORT_TESTS))
def test_without_states_the_answer_is_exact(expr: Expr) -> None:
    compiled = compile_filter(expr)
    assert compiled.exact
    assert compiled.states == ALL_STATES | 1 << 13


@pytest.mark.parametrize(
    ("text", "states", "bytecode", "exact"),
    [
        ("", ALL_STATES | 1 << 13, False, True),
        ("time-wait", 1 << 6, False, True),
        ("closed", 1 << 7 | 1 << 13, False, True),
        ("not estab", ALL_STATES & ~2 | 1 << 13, False, True),
        ("time-wait dport = :443", 1 << 6, True, True),
        ("time-wait and estab", 0, False, True),
        ("estab (time-wait or dport = :443)", 1 << 1, True, True),
        ("dport < 0", 0, False, True),
        # Another test in each state: what any state needs.
        ("(estab sport = :80) or (time-wait dport = :80)", 1 << 1 | 1 << 6, True, False),
        ("(estab sport = :80) or time-wait", 1 << 1 | 1 << 6, False, False),
        ("not (time-wait or sport = :80)", ALL_STATES & ~(1 << 6) | 1 << 13, True, True),
    ],
)
def test_what_is_asked_for(text: str, states: int, bytecode: bool, exact: bool) -> None:
    compiled = compile_filter(parse(text))
    assert (compiled.states, compiled.bytecode is not None, compiled.exact) == (states, bytecode, exact)


def test_one_port_is_what_ss_sends() -> None:
    compiled = compile_filter(parse("dport = :443"))
    assert compiled.bytecode == bytes.fromhex("080c1000 00000000 bb010000")


def test_networks_follow_each_other() -> None:
    compiled = compile_filter(parse("dport = :443 and dst 10.0.0.0/8"))
    assert compiled.bytecode == bytes.fromhex(
        "080c2000 00000000 bb010000 08101400 02080000 ffffffff 0a000000"
    )


@pytest.mark.parametrize("kind", [And, Or])
def test_long_chains_stay_within_the_rules(kind: type[And | Or]) -> None:
    chain = kind(tuple(Not(Endpoint(Side.EITHER, ports=Ports(port, port))) for port in range(1000)))
    compiled = compile_filter(chain)
    assert compiled.bytecode is not None
    assert np.array_equal(kernel_mask(compiled, ROWS), chain.mask(ROWS))


def test_what_no_attribute_can_hold_is_left_to_the_mask() -> None:
    # One term takes 12 bytes, and a jump of 4 over the terms that follow.
    fitting = (LONGEST + 4) // 16
    terms = tuple(Endpoint(Side.REMOTE, ports=Ports(port, port)) for port in range(fitting + 1))
    compiled = compile_filter(Or(terms[:fitting]))
    assert compiled.exact
    assert compiled.bytecode is not None
    audited(compiled.bytecode)
    assert compile_filter(Or(terms)) == KernelFilter(ALL_STATES | 1 << 13, None, exact=False)
