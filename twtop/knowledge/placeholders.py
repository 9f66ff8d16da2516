"""The numbers of this host inside the sentences: ``{fin_wait_2_life}``, ``{net.ipv4.tcp_fin_timeout}``."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from twtop.core import lifetimes
from twtop.core.sysctls import LOCAL_PORT_RANGE, Sysctls
from twtop.core.text import printable

if TYPE_CHECKING:
    from twtop.knowledge.facts import HostFacts

PLACEHOLDER: Final = re.compile(r"\{([\w.]+)\}")

_Life = Callable[[Mapping[str, str]], float]

_LIVES: Final[Mapping[str, tuple[_Life, str]]] = {
    "fin_wait_2_life": (lifetimes.fin_wait_2_life, "net.ipv4.tcp_fin_timeout"),
    "fin_wait_2_full": (lambda sysctls: lifetimes.fin_wait_2_phases(sysctls)[0], "net.ipv4.tcp_fin_timeout"),
    "fin_wait_2_mini": (lambda sysctls: lifetimes.fin_wait_2_phases(sysctls)[1], "net.ipv4.tcp_fin_timeout"),
    "syn_sent_life": (lifetimes.syn_sent_life, "net.ipv4.tcp_syn_retries"),
    "syn_recv_life": (lifetimes.syn_recv_life, "net.ipv4.tcp_synack_retries"),
    "orphan_life": (lifetimes.orphan_life, "net.ipv4.tcp_orphan_retries"),
    "unacked_life": (lifetimes.unacked_life, "net.ipv4.tcp_retries2"),
    "tw_reuse_delay": (lifetimes.tw_reuse_delay, "net.ipv4.tcp_tw_reuse_delay"),
    "keepalive_life": (lifetimes.keepalive_detection, "net.ipv4.tcp_keepalive_time"),
}
"""Each life with the sysctl that decides it: where that one is missing, the number is the default's."""


def fill(text: str, host: HostFacts) -> str:
    """Put the host's numbers into a sentence; raises KeyError for a placeholder that does not exist."""
    return PLACEHOLDER.sub(lambda match: _resolve(match[1], host), text)


def is_of_host(name: str) -> bool:
    """Tell whether a placeholder stands for a number of the host."""
    return "." in name or name in _LIVES or name in _NUMBERS


def duration(seconds: float) -> str:
    """Write seconds as an engineer compares them with a timer: ``0.7 s``, ``131 s``, ``15 min 25 s``."""
    if seconds < 10:
        return f"{round(seconds, 1):g} s"
    whole = round(seconds)
    if whole <= 180:
        return f"{whole} s"
    minutes, rest = divmod(whole, 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if minutes else f"{hours} h"


def _resolve(name: str, host: HostFacts) -> str:
    if "." in name:
        # /proc/sys separates the numbers of a list by tabs.
        return printable(" ".join(host.sysctls.get(name, "unknown").split()))
    if name in _LIVES:
        life, sysctl = _LIVES[name]
        return duration(life(host.sysctls)) + _doubt(sysctl, host)
    return _NUMBERS[name](host)


def _doubt(sysctl: str, host: HostFacts) -> str:
    return "" if sysctl in host.sysctls else " by default"


def _time_wait_life(host: HostFacts) -> str:
    return duration(_time_wait_seconds(host))


def _time_wait_seconds(host: HostFacts) -> float:
    return max(1, round(host.time_wait_ms / 1000))


def _ports(host: HostFacts) -> int:
    sysctls = Sysctls(host.sysctls)
    reserved = sum(port in sysctls.port_range for port in sysctls.reserved_ports)
    return max(0, sysctls.port_range.capacity - reserved)


def _port_count(host: HostFacts) -> str:
    return f"{_ports(host):,}" + _doubt(LOCAL_PORT_RANGE, host)


def _port_rate(host: HostFacts) -> str:
    return f"{int(_ports(host) / _time_wait_seconds(host)):,}" + _doubt(LOCAL_PORT_RANGE, host)


_NUMBERS: Final[Mapping[str, Callable[[HostFacts], str]]] = {
    "time_wait_life": _time_wait_life,
    "port_count": _port_count,
    "port_rate": _port_rate,
}
