"""Read sysctls from /proc/sys; /proc/sys/net shows the network namespace of the reading thread."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Final

from twtop.core.sysctls import Sysctls
from twtop.core.text import printable
from twtop.errors import system_reason

if TYPE_CHECKING:
    from collections.abc import Iterable

PROC_SYS: Final = Path("/proc/sys")

WATCHED: Final[tuple[str, ...]] = (
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_tw_reuse",
    "net.ipv4.tcp_tw_reuse_delay",
    "net.ipv4.tcp_tw_recycle",
    "net.ipv4.tcp_max_tw_buckets",
    "net.ipv4.tcp_timestamps",
    "net.ipv4.tcp_rfc1337",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_local_port_step_width",
    "net.ipv4.ip_autobind_reuse",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.tcp_orphan_retries",
    "net.ipv4.tcp_max_orphans",
    "net.ipv4.tcp_retries1",
    "net.ipv4.tcp_retries2",
    "net.ipv4.tcp_syn_retries",
    "net.ipv4.tcp_syn_linear_timeouts",
    "net.ipv4.tcp_synack_retries",
    "net.ipv4.tcp_rto_max_ms",
    "net.ipv4.tcp_rto_min_us",
    "net.core.somaxconn",
    "net.ipv4.tcp_max_syn_backlog",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_abort_on_overflow",
    "net.ipv4.tcp_migrate_req",
    "net.ipv4.tcp_fastopen",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_mem",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_wmem",
    "net.ipv4.tcp_invalid_ratelimit",
    "net.ipv4.tcp_challenge_ack_limit",
    "net.ipv4.tcp_ehash_entries",
    "net.ipv4.tcp_child_ehash_entries",
    "net.ipv4.tcp_l3mdev_accept",
    "net.ipv4.tcp_early_demux",
    "net.ipv4.tcp_no_metrics_save",
    "fs.file-max",
    "fs.nr_open",
    "net.netfilter.nf_conntrack_max",
    "net.netfilter.nf_conntrack_count",
    "net.netfilter.nf_conntrack_buckets",
    "net.netfilter.nf_conntrack_tcp_timeout_established",
    "net.netfilter.nf_conntrack_tcp_timeout_syn_sent",
    "net.netfilter.nf_conntrack_tcp_timeout_syn_recv",
    "net.netfilter.nf_conntrack_tcp_timeout_fin_wait",
    "net.netfilter.nf_conntrack_tcp_timeout_close_wait",
    "net.netfilter.nf_conntrack_tcp_timeout_last_ack",
    "net.netfilter.nf_conntrack_tcp_timeout_time_wait",
    "net.netfilter.nf_conntrack_tcp_timeout_close",
    "net.netfilter.nf_conntrack_tcp_timeout_max_retrans",
    "net.netfilter.nf_conntrack_tcp_timeout_unacknowledged",
    "net.netfilter.nf_conntrack_tcp_loose",
    "net.netfilter.nf_conntrack_tcp_be_liberal",
)
"""The sysctls that rule TCP states, ports and their limits; no single kernel has all of them."""

_USUAL_SIZE: Final = 4096
_LIMIT: Final = 65536


def read_sysctls(names: Iterable[str] = WATCHED, root: Path = PROC_SYS) -> Sysctls:
    """Read the named sysctls as they are now; a missing one is absent, a refused one has its reason.

    Nothing is kept open between calls: /proc/sys/net is resolved when a file is opened, so a descriptor
    would go on showing the namespace it was opened in (net/sysctl_net.c, ``net_ctl_header_lookup``).
    """
    texts: dict[str, str] = {}
    unreadable: dict[str, str] = {}
    base = os.fspath(root)
    for name in names:
        try:
            texts[name] = _read(f"{base}/{name.replace('.', '/')}")
        except (FileNotFoundError, NotADirectoryError):
            continue
        except (OSError, ValueError) as error:
            unreadable[name] = system_reason(error)
    return Sysctls(texts, unreadable)


def _read(path: str) -> str:
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        # The kernel zeroes a buffer of the size asked for, and only lists of reserved ports are ever long.
        data = os.read(descriptor, _USUAL_SIZE)
        if len(data) == _USUAL_SIZE:
            data = os.pread(descriptor, _LIMIT + 1, 0)
    finally:
        os.close(descriptor)
    if len(data) > _LIMIT:
        raise ValueError(f"longer than {_LIMIT} bytes")
    return printable(" ".join(data.decode("utf-8", "replace").split()))
