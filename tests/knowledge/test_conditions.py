"""The small language that says when a sentence applies."""

import pytest

from twtop.knowledge.conditions import ALWAYS, Facts, parse_condition

FACTS: Facts = {
    "net.ipv4.tcp_fin_timeout": (90.0,),
    "net.ipv4.ip_local_port_range": ("32768 60999",),
    "net.ipv4.tcp_mem": (),
    "inode": ("zero", "nonzero"),
    "rqueue": (3.0,),
    "wqueue": (2.0,),
}


@pytest.mark.parametrize(
    "text",
    [
        "net.ipv4.tcp_fin_timeout > 60",
        "net.ipv4.tcp_fin_timeout >= 90",
        "net.ipv4.tcp_fin_timeout=90",
        "net.ipv4.tcp_fin_timeout != 60 and net.ipv4.tcp_fin_timeout < 91",
        "present(net.ipv4.tcp_mem)",
        "absent(net.ipv4.tcp_tw_recycle)",
        "inode = zero",
        "inode = nonzero and rqueue <= 3",
        "rqueue > wqueue",
    ],
)
def test_holds(text: str) -> None:
    assert parse_condition(text).holds(FACTS)


@pytest.mark.parametrize(
    "text",
    [
        "net.ipv4.tcp_fin_timeout <= 60",
        "net.ipv4.tcp_fin_timeout > 60 and inode = mixed",
        "present(net.ipv4.tcp_tw_recycle)",
        "absent(net.ipv4.tcp_fin_timeout)",
        "net.ipv4.tcp_tw_recycle = 0",
        "net.ipv4.tcp_tw_recycle != 0",
        "net.ipv4.tcp_mem > 0",
        "net.ipv4.ip_local_port_range > 0",
        "role = client",
        "wqueue > rqueue",
    ],
)
def test_does_not_hold(text: str) -> None:
    assert not parse_condition(text).holds(FACTS)


@pytest.mark.parametrize(
    "text",
    ["", "inode", "inode ==", "inodes = zero", "rqueue > 1 or wqueue > 1", "present()", "f('x')", "a.b=c.d"],
)
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a condition|neither a sysctl"):
        parse_condition(text)


def test_without_a_condition_a_sentence_always_applies() -> None:
    assert ALWAYS.holds({})
