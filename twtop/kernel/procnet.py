"""The fallback where netlink is refused: sockets from /proc/net/tcp and tcp6.

Sources: net/ipv4/tcp_ipv4.c (``get_tcp4_sock``, ``get_timewait4_sock``, ``get_openreq4``), proc(5), and
net/ipv6/tcp_ipv6.c. Slower than sock_diag, and it knows less: bound-inactive sockets are not there, nor the
backlog of a listener, the interface, the cgroup, and the cookie. Timers are multiples of 10 ms.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from twtop.core.address import MAPPED_PREFIX
from twtop.core.sockets import DTYPES, Sockets
from twtop.core.states import State, Timer
from twtop.errors import KernelError
from twtop.kernel.counters import PROC_NET

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from numpy.typing import NDArray

    from twtop.core.sockets import U8, U64, Mask, Rows

_AF_INET: Final = 2
_AF_INET6: Final = 10
_NEW_SYN_RECV: Final = 12
_MS_PER_TICK: Final = 10
"""``tm->when`` is in clock ticks of user space, which are 1/100 s on every architecture."""

_BLOCK: Final = 1 << 20
_U32_MAX: Final = 0xFFFF_FFFF
_NEWLINE, _COLON, _SPACE, _ZERO = b"\n: 0"
_HEX_FIELDS: Final = "{local}:pppp {remote}:qqqq ss tttttttt:uuuuuuuu kk:eeeeeeee nnnnnnnn "
"""What follows "sl: ": every letter is a digit of the hexadecimal field that it names."""

_LAYOUTS: Final = {
    _AF_INET: _HEX_FIELDS.format(local="l" * 8, remote="r" * 8),
    _AF_INET6: _HEX_FIELDS.format(local="l" * 32, remote="r" * 32),
}
_DECIMALS_WIDTH: Final = 33
"""Columns of uid, timeout and inode, each at most 10 digits, and of the spaces behind them."""

_NIBBLES: Final = np.full(256, 0xFF, np.uint8)
_NIBBLES[np.frombuffer(b"0123456789ABCDEF", np.uint8)] = np.arange(16)

_ODD_CONSTANTS: Final = np.array([0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB], np.uint64)


def read_tcp_tables(root: Path = PROC_NET) -> Sockets:
    """Read all TCP sockets of the calling thread's network namespace, or that of `root` ``/proc/PID/net``.

    Lines that are not as the kernel writes them are left out, like a last line that was cut off. For LISTEN
    `rqueue` is the accept queue and `wqueue` 0, because the backlog is not in the file. `retrans` of SYN-RECV
    counts timeouts, not every SYN-ACK that was repeated. `interface` and `cgroup` are 0.

    `cookie` is a surrogate: a 60-bit hash of addresses and ports, for LISTEN also of the inode, because
    listeners with SO_REUSEPORT share an address. It is the same at every reading and on every machine, so
    changes between readings can be told; but a connection that takes over the addresses and ports of an
    earlier one is taken for that one, and so are two of them in different routing domains (VRF).

    Raises KernelError if tcp cannot be read.
    """
    return read_tables("tcp", root)


def read_tables(protocol: str, root: Path) -> Sockets:
    """Read the files of a protocol, ``tcp`` and ``tcp6`` or, alike in form, ``udp`` and ``udp6``.

    Raises KernelError if the first cannot be read; a kernel without IPv6 lacks the second.
    """
    tables = [_read_table(root / protocol, _AF_INET)]
    if (root / f"{protocol}6").exists():
        tables.append(_read_table(root / f"{protocol}6", _AF_INET6))
    return Sockets.concatenate(tables)


def _read_table(path: Path, family: int) -> Sockets:
    return Sockets.concatenate([_parse(block, family) for block in _blocks(path)])


def _blocks(path: Path) -> Iterator[bytes]:
    """Yield the file in pieces of whole lines."""
    rest = b""
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                lines, newline, rest = (rest + block).rpartition(b"\n")
                yield lines + newline
    except OSError as error:
        raise KernelError(f"cannot read {path}: {error.strerror}") from error


def _parse(block: bytes, family: int) -> Sockets:
    layout = _LAYOUTS[family]
    # Padding lets the fields of the last line, however short it is, be cut out like those of the others.
    text = np.frombuffer(block + b" " * (len(layout) + _DECIMALS_WIDTH + 2), np.uint8)
    starts = _line_starts(text)
    fields = _HexFields(sliding_window_view(text, len(layout))[starts], layout)
    decimals = sliding_window_view(text, _DECIMALS_WIDTH)[starts + len(layout)]
    (uid, probes, inode), are_numbers = _numbers(decimals)

    state = fields.number("s")
    state[state == _NEW_SYN_RECV] = State.SYN_RECV
    # As sock_diag has it: a mini has no user, whoever owns the listener.
    uid[(state == State.SYN_RECV) & (inode == 0)] = 0
    timer = fields.number("k")
    is_probing = (timer == Timer.KEEPALIVE) | (timer == Timer.PERSIST)
    ticks = fields.number("e").astype(np.uint64)
    local_hi, local_lo = fields.address("l")
    remote_hi, remote_lo = fields.address("r")
    columns = {
        "family": np.full(len(starts), family),
        "state": state,
        "timer": timer,
        "retrans": np.minimum(np.where(is_probing, probes, fields.number("n")), 0xFF),
        "local_port": fields.number("p"),
        "remote_port": fields.number("q"),
        "local_hi": local_hi,
        "local_lo": local_lo,
        "remote_hi": remote_hi,
        "remote_lo": remote_lo,
        "expires_ms": np.minimum(ticks * _MS_PER_TICK, _U32_MAX),
        "rqueue": fields.number("u"),
        "wqueue": fields.number("t"),
        "uid": uid,
        "inode": inode,
    }
    table = Sockets.of({name: column.astype(DTYPES[name]) for name, column in columns.items()})
    table = replace(table, cookie=_surrogate_cookies(table))
    return table.take(fields.are_well_formed & are_numbers)


def _line_starts(text: U8) -> Rows:
    """Find what follows "sl: " in every line that has a colon."""
    ends = np.flatnonzero(text == _NEWLINE)
    line_starts = np.append(0, ends)[:-1]
    colons = np.append(np.flatnonzero(text == _COLON), len(text))
    first_colons = colons[np.searchsorted(colons, line_starts)]
    return first_colons[first_colons < ends] + 2


class _HexFields:
    """The hexadecimal fields of many lines, named by the letters of the layout."""

    def __init__(self, lines: NDArray[np.uint8], layout: str) -> None:
        self._layout = layout
        self._digits = _NIBBLES[lines]
        pattern = np.frombuffer(layout.encode(), np.uint8)
        is_digit = (pattern != _COLON) & (pattern != _SPACE)
        hexadecimal = np.all(self._digits[:, is_digit] <= 0xF, axis=1)
        separated = np.all(lines[:, ~is_digit] == pattern[~is_digit], axis=1)
        self.are_well_formed: Mask = hexadecimal & separated

    def _bytes(self, letter: str) -> U8:
        first = self._layout.index(letter)
        digits = self._digits[:, first : first + self._layout.count(letter)]
        return np.ascontiguousarray(digits[:, ::2] << 4 | digits[:, 1::2])

    def number(self, letter: str) -> NDArray[np.unsignedinteger[Any]]:
        """Return a field of one number."""
        raw = self._bytes(letter)
        return raw.view(f">u{raw.shape[1]}")[:, 0]

    def address(self, letter: str) -> tuple[U64, U64]:
        """Return the halves of an address, whose words the kernel prints as if they were in its own order."""
        words = self._bytes(letter).view(">u4").astype("=u4").view(">u4").astype(np.uint64)
        if words.shape[1] == 1:
            return np.zeros(len(words), np.uint64), words[:, 0] | np.uint64(MAPPED_PREFIX)
        halves = words[:, ::2] << np.uint64(32) | words[:, 1::2]
        return halves[:, 0], halves[:, 1]


def _numbers(lines: U8) -> tuple[U64, Mask]:
    """Read the three numbers that each line begins with, shape (3, lines); say which lines have them."""
    is_digit = lines - _ZERO < 10
    is_wanted = np.logical_and.accumulate(is_digit | (lines == _SPACE), axis=1)
    is_digit &= is_wanted
    is_first = is_digit.copy()
    is_first[:, 1:] &= ~is_digit[:, :-1]
    which = np.cumsum(is_first, axis=1, dtype=np.uint8)
    # Floats are exact up to 2**53 and, unlike integers, cannot wrap around to a harmless number.
    numbers = np.zeros((3, len(lines)), np.float64)
    for column, digits in enumerate(lines.T - _ZERO):
        for index in range(3):
            belongs = is_digit[:, column] & (which[:, column] == index + 1)
            numbers[index] = np.where(belongs, numbers[index] * 10 + digits, numbers[index])
    ends_in_space = (is_wanted & ~is_digit & (which == 3)).any(axis=1)
    return numbers.astype(np.uint64), ends_in_space & (numbers <= _U32_MAX).all(axis=0)


def _surrogate_cookies(table: Sockets) -> U64:
    """Hash what identifies a connection with the finaliser of splitmix64, 60 bits of it, never 0."""
    listener = np.where(table.state == State.LISTEN, table.inode, 0).astype(np.uint64)
    ports = table.local_port.astype(np.uint64) << np.uint64(16) | table.remote_port
    mixed = np.zeros(len(table), np.uint64)
    for word in (table.local_hi, table.local_lo, table.remote_hi, table.remote_lo, ports, listener):
        mixed = mixed * _ODD_CONSTANTS[0] + word
        mixed = (mixed ^ mixed >> np.uint64(30)) * _ODD_CONSTANTS[1]
        mixed = (mixed ^ mixed >> np.uint64(27)) * _ODD_CONSTANTS[2]
        mixed ^= mixed >> np.uint64(31)
    mixed >>= np.uint64(4)
    mixed[mixed == 0] = 1
    return mixed
