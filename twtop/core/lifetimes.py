"""How long the kernel keeps a socket that makes no progress, computed from the sysctls in force.

All results are nominal seconds; real timers fire up to about 3 % or 2 s later (the kernel's timer wheel).
Arguments map dotted sysctl names to their text. For a name that is missing the kernel's default counts,
and the features of newer kernels (``tcp_syn_linear_timeouts``, ``tcp_rto_max_ms``) count as lacking.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

TIME_WAIT_LIFE: Final = 60.0
"""TCP_TIMEWAIT_LEN: a constant of include/net/tcp.h, not a sysctl; some vendors made it one."""

_RTO_MIN_MS: Final = 200
_RTO_INITIAL_MS: Final = 1000
_RTO_MAX_MS: Final = 120_000
_SHORTEST_FIN_WAIT_2: Final = 3.5 * _RTO_MIN_MS / 1000
_SAFE_ORPHAN_RETRIES: Final = 8
_MOST_RETRIES: Final = 255


def fin_wait_2_phases(sysctls: Mapping[str, str]) -> tuple[float, float]:
    """Return how long an orphan in FIN-WAIT-2 is a full socket (timer keepalive), then a mini (timewait).

    Source: net/ipv4/tcp_timer.c, ``tcp_keepalive_timer``; tcp_minisocks.c, ``tcp_time_wait``.
    """
    timeout = _number(sysctls, "net.ipv4.tcp_fin_timeout", 60)
    full = max(0.0, timeout - TIME_WAIT_LIFE)
    return full, max(_SHORTEST_FIN_WAIT_2, full or timeout)


def fin_wait_2_life(sysctls: Mapping[str, str]) -> float:
    """Return the life of an orphan in FIN-WAIT-2: T up to T = 60 s, beyond it 2 (T - 60)."""
    return sum(fin_wait_2_phases(sysctls))


def syn_sent_life(sysctls: Mapping[str, str]) -> float:
    """Return after how long connect() without an answer fails with ETIMEDOUT.

    ``tcp_syn_linear_timeouts`` adds early retries, but the time that doubling alone would have taken ends
    the attempt too, at the first retry due after it.
    Source: net/ipv4/tcp_timer.c, ``tcp_write_timeout`` and ``tcp_retransmit_timer``.
    """
    retries = _retries(sysctls, "net.ipv4.tcp_syn_retries", 6)
    linear = _retries(sysctls, "net.ipv4.tcp_syn_linear_timeouts", 0)
    longest = _rto_max_ms(sysctls)
    enough = _model_ms(retries, _RTO_INITIAL_MS, longest)
    waited = _RTO_INITIAL_MS
    for retry in range(retries + linear):
        if retry and waited >= enough:
            break
        waited += min(_RTO_INITIAL_MS << max(0, retry + 1 - linear), longest)
    return waited / 1000


def syn_recv_life(sysctls: Mapping[str, str]) -> float:
    """Return how long SYN-RECV waits for the last packet of the handshake while its queue is half empty.

    Up to Linux 6.18 ``tcp_rto_max_ms`` does not shorten it; later kernels do, which no sysctl tells.
    Source: net/ipv4/inet_connection_sock.c, ``reqsk_timer_handler``.
    """
    retries = _retries(sysctls, "net.ipv4.tcp_synack_retries", 5)
    return sum(min(_RTO_INITIAL_MS << step, _RTO_MAX_MS) for step in range(retries + 1)) / 1000


def orphan_life(sysctls: Mapping[str, str]) -> float:
    """Return how long an orphan in FIN-WAIT-1, CLOSING or LAST-ACK repeats its FIN without an answer.

    It ends at the first retransmission due after this time, which with few retries may be twice as late.
    Source: net/ipv4/tcp_timer.c, ``tcp_orphan_retries`` and ``retransmits_timed_out``.
    """
    retries = _retries(sysctls, "net.ipv4.tcp_orphan_retries", 0)
    if retries:
        return _give_up_ms(retries, sysctls) / 1000
    return min(_give_up_ms(_SAFE_ORPHAN_RETRIES, sysctls), _until_slowest_ms(sysctls)) / 1000


def shut_orphan_life(sysctls: Mapping[str, str]) -> float:
    """Return how long an orphan in FIN-WAIT-1 probes the shut window of a peer that answers.

    Until the time between two probes would reach the cap, ``tcp_rto_max_ms`` of when the socket was made.
    Source: net/ipv4/tcp_timer.c, ``tcp_probe_timer``.
    """
    return _until_slowest_ms(sysctls) / 1000


def unacked_life(sysctls: Mapping[str, str]) -> float:
    """Return how long data without an ACK keeps a socket that its application still holds.

    Source: net/ipv4/tcp_timer.c, ``retransmits_timed_out`` and ``tcp_model_timeout``.
    """
    return _give_up_ms(_retries(sysctls, "net.ipv4.tcp_retries2", 15), sysctls) / 1000


def keepalive_detection(sysctls: Mapping[str, str]) -> float:
    """Return after how long SO_KEEPALIVE alone notices that an idle peer is gone (tcp(7))."""
    idle = _number(sysctls, "net.ipv4.tcp_keepalive_time", 7200)
    interval = _number(sysctls, "net.ipv4.tcp_keepalive_intvl", 75)
    return idle + interval * _number(sysctls, "net.ipv4.tcp_keepalive_probes", 9)


def tw_reuse_delay(sysctls: Mapping[str, str]) -> float:
    """Return how old a TIME-WAIT must be before connect() may take it over.

    Kernels without ``tcp_tw_reuse_delay`` wait for the next whole second of their timestamps, up to 1 s.
    Source: net/ipv4/tcp_ipv4.c, ``tcp_twsk_unique``.
    """
    return _number(sysctls, "net.ipv4.tcp_tw_reuse_delay", 1000) / 1000


def _number(sysctls: Mapping[str, str], name: str, otherwise: int) -> int:
    text = sysctls.get(name, "").strip()
    return int(text) if re.fullmatch(r"-?[0-9]{1,10}", text) else otherwise


def _retries(sysctls: Mapping[str, str], name: str, otherwise: int) -> int:
    """Return a number that the kernel keeps in one byte; a recording may claim any."""
    return min(max(0, _number(sysctls, name, otherwise)), _MOST_RETRIES)


def _rto_max_ms(sysctls: Mapping[str, str]) -> int:
    return min(_RTO_MAX_MS, max(1000, _number(sysctls, "net.ipv4.tcp_rto_max_ms", _RTO_MAX_MS)))


def _give_up_ms(retries: int, sysctls: Mapping[str, str]) -> int:
    return _model_ms(retries, _RTO_MIN_MS, _rto_max_ms(sysctls))


def _model_ms(retries: int, first: int, longest: int) -> int:
    """Return the time the kernel grants for so many retransmissions (``tcp_model_timeout``)."""
    doublings = (longest // first).bit_length() - 1
    doubled = ((2 << min(retries, doublings)) - 1) * first
    return doubled + max(0, retries - doublings) * longest


def _until_slowest_ms(sysctls: Mapping[str, str]) -> int:
    """Return when an RTO as long as the cap has passed: then the kernel takes the peer for dead."""
    longest = _rto_max_ms(sysctls)
    total = wait = _RTO_MIN_MS
    while wait < longest:
        wait = min(2 * wait, longest)
        total += wait
    return total
