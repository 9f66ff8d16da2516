"""The words for values that a number and its unit do not say.

Sources: include/uapi/linux/tcp.h, include/uapi/linux/inet_diag.h, include/uapi/linux/tls.h, net/ipv4/tcp.c
(tcp_get_info), net/ipv4/tcp_bbr.c (BBR_UNIT), net/ipv4/tcp_dctcp.c (DCTCP_MAX_ALPHA).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.core.details.units import (
    NO_LIMIT,
    bytes_words,
    duration_words,
    rate_words,
    share_words,
)
from twtop.core.format import counted
from twtop.core.states import State, state_label

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from twtop.core.details.details import Details

_OPTIONS: Final = (
    "timestamps", "SACK", "window scaling", "ECN", "ECN seen", "data in SYN (TFO)",
    "timestamps in microseconds", "opened by TCP Fast Open",
)  # fmt: skip
_SOCKOPT: Final = (
    "recverr", "is_icsk", "freebind", "hdrincl", "mc_loop", "transparent", "mc_all", "nodefrag",
    "bind_address_no_port", "recverr_rfc4884", "defer_connect",
)  # fmt: skip
_ALWAYS_SET: Final = {"is_icsk", "mc_loop", "mc_all"}
"""Set on every TCP socket, and of no meaning for one."""
_CONDITIONS: Final = ("Open", "Disorder", "CWR", "Recovery", "Loss")
_FASTOPEN: Final = (
    "nothing failed", "no cookie of the server yet", "data in SYN not acknowledged", "SYN had to be repeated",
)  # fmt: skip
_SHUT: Final = ("no", "receiving", "sending", "both directions")
_FAMILIES: Final = {2: "IPv4 socket", 10: "IPv6 socket"}
_TLS_VERSIONS: Final = {0x0303: "TLS 1.2", 0x0304: "TLS 1.3"}
_TLS_CIPHERS: Final = {
    51: "AES-GCM-128", 52: "AES-GCM-256", 53: "AES-CCM-128", 54: "CHACHA20-POLY1305",
    55: "SM4-GCM", 56: "SM4-CCM", 57: "ARIA-GCM-128", 58: "ARIA-GCM-256",
}  # fmt: skip
_TLS_HOW: Final = {
    1: "by the program",
    2: "by the kernel",
    3: "by the network card",
    4: "by the network card",
}
_BBR_UNIT: Final = 256
_ALPHA_ONE: Final = 1024
_NOT_SET: Final = 0x7FFF_FFFF
"""TCP_INFINITE_SSTHRESH"""
_BEFORE_DATA: Final = (State.SYN_SENT, State.SYN_RECV)


def _bits(number: int, names: Sequence[str]) -> list[str]:
    """Name the bits that are set; those without a name by their number."""
    width = max(len(names), number.bit_length())
    return [names[at] if at < len(names) else f"bit {at}" for at in range(width) if number >> at & 1]


def _named(number: int, names: Sequence[str]) -> str:
    return names[number] if number < len(names) else f"unknown ({number})"


def _memory(told: Details, used: str, limit: str) -> str:
    if limit not in told.values:
        return bytes_words(told.number(used))
    return f"{bytes_words(told.number(used))} of {bytes_words(told.number(limit))}"


def _cwnd(told: Details) -> str:
    segments = told.number("snd_cwnd")
    mss = told.number("snd_mss")
    return counted(segments, "segment") + (f" = {bytes_words(segments * mss)}" if mss else "")


def _ssthresh(told: Details) -> str:
    number = told.number("snd_ssthresh")
    return "not set" if number >= _NOT_SET else counted(number, "segment")


def _rtt(told: Details) -> str:
    rtt, varies = told.number("rtt"), told.number("rttvar")
    return f"{duration_words(rtt)} +/- {duration_words(varies)}" if rtt else "not measured"


def _measured(name: str) -> Callable[[Details], str]:
    def words(told: Details) -> str:
        number = told.number(name)
        return duration_words(number) if number and number not in NO_LIMIT else "not measured"

    return words


def _ago(name: str, segments: str) -> Callable[[Details], str]:
    """Write when something last happened; without any the kernel's clock of it stands somewhere."""

    def words(told: Details) -> str:
        if told.number("state") in _BEFORE_DATA or told.values.get(segments) == 0:
            return "never"
        return f"{duration_words(1000 * told.number(name))} ago"

    return words


def _limited(name: str) -> Callable[[Details], str]:
    return lambda told: share_words(told.number(name), told.number("busy_time"))


def _queue(name: str, listening: str) -> Callable[[Details], str]:
    def words(told: Details) -> str:
        number = told.number(name)
        return f"{number:,} {listening}" if told.number("state") == State.LISTEN else bytes_words(number)

    return words


def _with_data(name: str) -> Callable[[Details], str]:
    def words(told: Details) -> str:
        data = f"data_{name}"
        some = f", {told.number(data):,} with data" if data in told.values else ""
        return f"{told.number(name):,}{some}"

    return words


def _ecn_bytes(way: str) -> Callable[[Details], str]:
    names = {"e1": "ECT(1)", "e0": "ECT(0)", "ce": "CE"}
    return lambda told: ", ".join(
        f"{name} {told.number(f'{way}_{mark}_bytes'):,}" for mark, name in names.items()
    )


def _delivery(told: Details) -> str:
    rate = told.number("delivery_rate")
    limited = ", limited by the program" if told.number("app_limited") else ""
    return f"{rate_words(rate)}{limited}" if rate else "not measured"


def _retransmitted(told: Details) -> str:
    now, whole, sent = told.number("retrans"), told.number("total_retrans"), told.number("data_segs_out")
    share = f" ({100 * whole / sent:.1f} % of those with data)" if whole and sent else ""
    return f"{now:,} now, {whole:,} in all{share}"


def _recoveries(told: Details) -> str:
    count = told.number("total_rto_recoveries")
    return f"{count:,}, {duration_words(1000 * told.number('total_rto_time'))}" if count else "0"


def _bbr(told: Details) -> str:
    gains = (told.number(f"bbr_{name}_gain") / _BBR_UNIT for name in ("pacing", "cwnd"))
    paced, window = (f"{gain:.2f}" for gain in gains)
    lowest = _measured("bbr_min_rtt")(told)
    return f"{rate_words(told.number('bbr_bw'))}, rtt {lowest}, pacing x{paced}, cwnd x{window}"


def _vegas(told: Details) -> str:
    if not told.number("vegas_enabled"):
        return "off"
    lowest, samples = _measured("vegas_minrtt")(told), told.number("vegas_rttcnt")
    return f"rtt {_measured('vegas_rtt')(told)}, lowest {lowest}, {counted(samples, 'sample')}"


def _dctcp(told: Details) -> str:
    if not told.number("dctcp_enabled"):
        return "off: no ECN, works as Reno"
    marked, whole = told.number("dctcp_ab_ecn"), told.number("dctcp_ab_tot")
    now = "marked" if told.number("dctcp_ce_state") else "not marked"
    alpha = told.number("dctcp_alpha") / _ALPHA_ONE
    return f"alpha {alpha:.2f}, last segment {now}, {marked:,} of {whole:,} bytes marked"


def _fields_of_tos(name: str) -> Callable[[Details], str]:
    return lambda told: f"{told.number(name):#04x} (DSCP {told.number(name) >> 2})"


def _uid(told: Details) -> str:
    number = told.number("uid")
    return f"{number}" if number or told.number("inode") else "unknown (0 does not mean root here)"


def _inode(told: Details) -> str:
    number = told.number("inode")
    return f"{number}" if number else "0: no process holds it"


def _sockopt(told: Details) -> str:
    shown = [name for name in _bits(told.number("sockopt"), _SOCKOPT) if name not in _ALWAYS_SET]
    return ", ".join(shown) or "none but those of every TCP socket"


def _ulp(told: Details) -> str:
    words = [str(told.values["ulp"])]
    if "tls_version" in told.values:
        words.append(_code(told.number("tls_version"), _TLS_VERSIONS))
    if "tls_cipher" in told.values:
        words.append(_code(told.number("tls_cipher"), _TLS_CIPHERS))
    for name, way in (("tls_tx", "encrypted"), ("tls_rx", "decrypted")):
        if name in told.values:
            words.append(f"{way} {_code(told.number(name), _TLS_HOW)}")
    return ", ".join(words)


def _code(number: int, names: Mapping[int, str]) -> str:
    return names.get(number, f"unknown ({number:#x})")


def _wscale(told: Details) -> str:
    peers, own = told.number("snd_wscale"), told.number("rcv_wscale")
    return f"peer's x{1 << peers} ({peers}), own x{1 << own} ({own})"


WRITERS: Final[Mapping[str, Callable[[Details], str]]] = {
    "state": lambda told: state_label(told.number("state")),
    "shutdown": lambda told: _named(told.number("shutdown"), _SHUT),
    "family": lambda told: _code(told.number("family"), _FAMILIES),
    "interface": lambda told: f"{told.number('interface') or 'not bound'}",
    "uid": _uid,
    "inode": _inode,
    "cookie": lambda told: f"{told.number('cookie'):x}",
    "cgroup": lambda told: f"{told.number('cgroup')}",
    "mark": lambda told: f"{told.number('mark'):#x}" if told.number("mark") else "none",
    "class_id": lambda told: f"{told.number('class_id'):#x}" if told.number("class_id") else "none",
    "tos": _fields_of_tos("tos"),
    "tclass": _fields_of_tos("tclass"),
    "v6only": lambda told: "yes" if told.number("v6only") else "no, IPv4 too",
    "last_data_sent": _ago("last_data_sent", "data_segs_out"),
    "last_data_recv": _ago("last_data_recv", "data_segs_in"),
    "last_ack_recv": _ago("last_ack_recv", "segs_in"),
    "rqueue": _queue("rqueue", "waiting for accept()"),
    "wqueue": _queue("wqueue", "at most may wait (backlog)"),
    "rmem_alloc": lambda told: _memory(told, "rmem_alloc", "rcvbuf"),
    "wmem_queued": lambda told: _memory(told, "wmem_queued", "sndbuf"),
    "rtt": _rtt,
    "min_rtt": _measured("min_rtt"),
    "rcv_rtt": _measured("rcv_rtt"),
    "delivery_rate": _delivery,
    "congestion": lambda told: str(told.values["congestion"]),
    "ca_state": lambda told: _named(told.number("ca_state"), _CONDITIONS),
    "snd_cwnd": _cwnd,
    "snd_ssthresh": _ssthresh,
    "bbr_bw": _bbr,
    "vegas_rtt": _vegas,
    "dctcp_alpha": _dctcp,
    "retrans": _retransmitted,
    "total_rto_recoveries": _recoveries,
    "options": lambda told: ", ".join(_bits(told.number("options"), _OPTIONS)) or "nothing",
    "snd_wscale": _wscale,
    "fastopen_client_fail": lambda told: _named(told.number("fastopen_client_fail"), _FASTOPEN),
    "sockopt": _sockopt,
    "ulp": _ulp,
    "md5_keys": lambda told: counted(told.number("md5_keys"), "key"),
    "segs_out": _with_data("segs_out"),
    "segs_in": _with_data("segs_in"),
    "delivered_e1_bytes": _ecn_bytes("delivered"),
    "received_e1_bytes": _ecn_bytes("received"),
    "rwnd_limited": _limited("rwnd_limited"),
    "sndbuf_limited": _limited("sndbuf_limited"),
}
"""By the name of the value; what is not here is a number with a unit."""
