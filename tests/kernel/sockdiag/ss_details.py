"""Everything that ``ss -tanimeo`` shows of each socket, as the kernel's numbers."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from twtop.core.states import State

if TYPE_CHECKING:
    from twtop.lab.host import Host

IN_MS: Final = {"rto": "rto", "ato": "ato", "rcv_rtt": "rcv_rtt", "minrtt": "min_rtt"}
"""Times that ss writes in milliseconds, to the names of ours, which are in microseconds."""
PLAIN: Final = {
    "backoff": "backoff",
    "mss": "snd_mss",
    "pmtu": "pmtu",
    "rcvmss": "rcv_mss",
    "advmss": "advmss",
    "cwnd": "snd_cwnd",
    "bytes_sent": "bytes_sent",
    "bytes_retrans": "bytes_retrans",
    "bytes_acked": "bytes_acked",
    "bytes_received": "bytes_received",
    "segs_out": "segs_out",
    "segs_in": "segs_in",
    "data_segs_out": "data_segs_out",
    "data_segs_in": "data_segs_in",
    "delivered": "delivered",
    "unacked": "unacked",
    "lost": "lost",
    "sacked": "sacked",
    "dsack_dups": "dsack_dups",
    "reord_seen": "reord_seen",
    "rcv_space": "rcv_space",
    "rcv_ssthresh": "rcv_ssthresh",
    "notsent": "notsent_bytes",
    "rcv_ooopack": "rcv_ooopack",
    "snd_wnd": "snd_wnd",
}
"""ss leaves out what is 0."""
SKMEM: Final = {
    "r": "rmem_alloc",
    "rb": "rcvbuf",
    "t": "wmem_alloc",
    "tb": "sndbuf",
    "f": "fwd_alloc",
    "w": "wmem_queued",
    "o": "optmem",
    "bl": "backlog",
    "d": "drops",
}
RATES: Final = {"pacing_rate": "pacing_rate", "delivery_rate": "delivery_rate"}
OPTIONS: Final = {"ts": 1, "sack": 2, "wscale": 4, "ecn": 8, "ecnseen": 16, "fastopen": 32}
STATES: Final = {state.label: state for state in State}
SHUT: Final = {"<->": 0, "<--": 2, "-->": 1, "---": 3}


def ss_details(host: Host) -> dict[int, dict[str, float | str]]:
    """Return by cookie what ss shows, by our names."""
    found = map(_read, host.run(["ss", "-tanimeoOH"]).stdout.splitlines())
    return {int(row["cookie"]): row for row in found}


def _read(line: str) -> dict[str, float | str]:
    state, rqueue, wqueue, _, _, *words = line.split()
    colons = dict(word.split(":", 1) for word in words if ":" in word)
    row: dict[str, float | str] = {
        "state": STATES[state],
        "rqueue": int(rqueue),
        "wqueue": int(wqueue),
        "uid": int(colons.get("uid", "0")),
        "inode": int(colons["ino"]),
        "cookie": int(colons["sk"], 16),
    }
    if "skmem" not in colons:
        return row
    row |= {SKMEM[name]: int(number) for name, number in re.findall(r"([a-z]+)(\d+)", colons["skmem"])}
    row["shutdown"] = next(SHUT[word] for word in words if word in SHUT)
    row["congestion"] = next(word for word in words if word in ("reno", "cubic", "bbr", "vegas", "dctcp"))
    row["options"] = sum(bit for name, bit in OPTIONS.items() if name in words or name in colons)
    row |= {own: int(colons.get(name, "0")) for name, own in PLAIN.items()}
    row |= {own: round(1000 * float(colons.get(name, "0"))) for name, own in IN_MS.items()}
    row |= {name: _rate(words, name) for name in RATES}
    row["retrans"], row["total_retrans"] = map(int, colons.get("retrans", "0/0").split("/"))
    # Without a measured one ss leaves out both.
    rtt, _, rttvar = colons.get("rtt", "0").partition("/")
    row["rtt"] = round(1000 * float(rtt))
    if rttvar:
        row["rttvar"] = round(1000 * float(rttvar))
    row["snd_wscale"], row["rcv_wscale"] = map(int, colons.get("wscale", "0,0").split(","))
    row["app_limited"] = int("app_limited" in words)
    return row


def _rate(words: list[str], name: str) -> float:
    """Read a rate, which ss writes in bits a second behind its name."""
    return int(words[words.index(name) + 1].removesuffix("bps")) / 8 if name in words else 0
