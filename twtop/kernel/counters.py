"""Read the kernel's counters of TCP and UDP from /proc/net.

Formats: net/ipv4/proc.c (snmp, netstat, sockstat) and net/ipv6/proc.c (sockstat6). In sockstat ``inuse`` and
``tw`` belong to the namespace, ``orphan``, ``alloc`` and ``mem`` to the machine; ``tw`` counts both families,
and besides TIME-WAIT the orphaned FIN-WAIT-2 that became minis.
"""

from __future__ import annotations

import re
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

from twtop.core.counters import Counters
from twtop.core.text import printable
from twtop.errors import system_reason

if TYPE_CHECKING:
    from collections.abc import Callable

PROC_NET: Final = Path("/proc/thread-self/net")
"""Not /proc/net: that is the namespace of the process's first thread, whoever reads it."""

_LIMIT: Final = 1 << 20
_NEEDS_IPV6: Final = "sockstat6"
_NAMES: Final = re.compile(r"\w+:(?: \w+)*", re.ASCII)
_NUMBERS: Final = re.compile(r"\w+:(?: -?[0-9]{1,20})*", re.ASCII)
_PAIRS: Final = re.compile(r"\w+:(?: \w+ -?[0-9]{1,20})*", re.ASCII)


def read_counters(root: Path = PROC_NET) -> Counters:
    """Read snmp, netstat, sockstat and sockstat6; what is missing is absent, what is odd is a problem.

    The counters are those of the calling thread's network namespace, or with `root` ``/proc/PID/net`` of that
    process's. Their names are ``Tcp.ActiveOpens``, ``TcpExt.TWRecycled``, ``sockstat.TCP.tw``,
    ``sockstat6.TCP6.inuse``; values are cumulative but for those of sockstat and ``Tcp.CurrEstab``.
    """
    values: dict[str, int] = {}
    problems: list[str] = []
    for name, parse in _FILES.items():
        try:
            with (root / name).open("rb") as file:
                text = file.read(_LIMIT).decode("ascii", "replace")
        except OSError as error:
            if name != _NEEDS_IPV6:
                problems.append(f"{name}: {system_reason(error)}")
            continue
        *lines, cut_off = text.split("\n")
        if cut_off:
            problems.append(f"{name}: ends in the middle of the line {_shortened(cut_off)}")
        found, odd = parse(lines)
        values |= found
        problems += [f"{name}: {problem}" for problem in odd]
    return Counters(values, tuple(problems))


def holds_sockets(root: Path = PROC_NET) -> bool:
    """Tell whether sockstat and sockstat6 count any TCP socket of a namespace; also where they say nothing.

    Sockets that are only bound are not counted, and SYN-RECV with their listener (net/ipv4/proc.c,
    ``sockstat_seq_show``).
    """
    counts: list[int] = []
    for name, group, words in (("sockstat", "TCP", ("inuse", "tw")), ("sockstat6", "TCP6", ("inuse",))):
        try:
            with (root / name).open("rb") as file:
                lines = file.read(_LIMIT).decode("ascii", "replace").split("\n")
        except OSError:
            # Without IPv6 there is no second file.
            counts += [] if name == _NEEDS_IPV6 else [1]
            continue
        values, _ = _parse_pairs(name, lines)
        counts += [values.get(f"{name}.{group}.{word}", 1) for word in words]
    return any(counts)


def _parse_headed(lines: list[str]) -> tuple[dict[str, int], list[str]]:
    """Parse snmp and netstat: every group is a line of names, then a line with as many numbers."""
    values: dict[str, int] = {}
    odd: list[str] = []
    names: dict[str, list[str]] = {}
    for line in lines:
        group, _, rest = line.partition(":")
        if group not in names and _NAMES.fullmatch(line):
            names[group] = rest.split()
            continue
        numbers = rest.split()
        headings = names.pop(group, [])
        if _NUMBERS.fullmatch(line) and len(numbers) == len(headings):
            values |= {f"{group}.{name}": int(number) for name, number in zip(headings, numbers, strict=True)}
        else:
            odd.append(f"cannot understand the line {_shortened(line)}")
    odd += [f"no numbers for the names of {_shortened(group)}" for group in names]
    return values, odd


def _parse_pairs(prefix: str, lines: list[str]) -> tuple[dict[str, int], list[str]]:
    """Parse sockstat: every line is a group with pairs of name and number."""
    values: dict[str, int] = {}
    odd: list[str] = []
    for line in lines:
        group, _, rest = line.partition(":")
        if _PAIRS.fullmatch(line):
            words = rest.split()
            pairs = zip(words[::2], words[1::2], strict=True)
            values |= {f"{prefix}.{group}.{name}": int(number) for name, number in pairs}
        else:
            odd.append(f"cannot understand the line {_shortened(line)}")
    return values, odd


def _shortened(line: str) -> str:
    return printable(repr(line if len(line) <= 40 else line[:40] + "..."))


_FILES: Final[dict[str, Callable[[list[str]], tuple[dict[str, int], list[str]]]]] = {
    "snmp": _parse_headed,
    "netstat": _parse_headed,
    "sockstat": partial(_parse_pairs, "sockstat"),
    "sockstat6": partial(_parse_pairs, "sockstat6"),
}
