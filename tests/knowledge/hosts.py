"""Hosts to explain things on."""

from twtop.kernel.sysctl import read_sysctls
from twtop.knowledge.facts import HostFacts

DEFAULTS = {
    "net.core.somaxconn": "4096",
    "net.ipv4.ip_local_port_range": "32768\t60999",
    "net.ipv4.ip_local_reserved_ports": "",
    "net.ipv4.tcp_abort_on_overflow": "0",
    "net.ipv4.tcp_fin_timeout": "60",
    "net.ipv4.tcp_keepalive_intvl": "75",
    "net.ipv4.tcp_keepalive_probes": "9",
    "net.ipv4.tcp_keepalive_time": "7200",
    "net.ipv4.tcp_max_tw_buckets": "131072",
    "net.ipv4.tcp_orphan_retries": "0",
    "net.ipv4.tcp_retries2": "15",
    "net.ipv4.tcp_rfc1337": "0",
    "net.ipv4.tcp_rto_max_ms": "120000",
    "net.ipv4.tcp_syn_linear_timeouts": "4",
    "net.ipv4.tcp_syn_retries": "6",
    "net.ipv4.tcp_synack_retries": "5",
    "net.ipv4.tcp_syncookies": "1",
    "net.ipv4.tcp_timestamps": "1",
    "net.ipv4.tcp_tw_reuse": "2",
    "net.ipv4.tcp_tw_reuse_delay": "1000",
}
"""What a Linux 6.18 starts with, as far as explanations depend on it."""


def host(changed: dict[str, str] | None = None, **facts: object) -> HostFacts:
    """Return a host with the defaults but for some net.ipv4 sysctls, named without that prefix."""
    changed = {f"net.ipv4.{name}": value for name, value in (changed or {}).items()}
    return HostFacts(DEFAULTS | changed, release="6.18.44", **facts)  # type: ignore[arg-type]


def this_host() -> HostFacts:
    """Return the host the tests run on."""
    sysctls = read_sysctls()
    return HostFacts(sysctls, sysctls.unreadable)
