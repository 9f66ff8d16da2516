from __future__ import annotations

import pytest

from twtop.core.filter import parse, ss_command


@pytest.mark.parametrize(
    ("text", "command"),
    [
        ("", "ss -tan"),
        ("time-wait fin-wait-2", "ss -tan state fin-wait-2 state time-wait"),
        ("connected :443", "ss -tan state connected 'sport = :443 or dport = :443'"),
        ("dport:8000-8999 estab", "ss -tan state established 'dport >= :8000 and dport <= :8999'"),
        ("dst [2001:db8::/32]:443", "ss -tan 'dst [2001:db8::/32]:443'"),
        ("10.0.0.5:5432", "ss -tan 'src 10.0.0.5:5432 or dst 10.0.0.5:5432'"),
        (
            ":80 and not (estab or listen)",
            "ss -tan exclude established exclude listening 'sport = :80 or dport = :80'",
        ),
        ("not (:80 or time-wait)", "ss -tan exclude time-wait 'not ( sport = :80 or dport = :80 )'"),
        ("dst != 10.0.0.5", "ss -tan 'not dst 10.0.0.5'"),
    ],
)
def test_the_command_of_ss(text: str, command: str) -> None:
    assert ss_command(parse(text)) == command


@pytest.mark.parametrize(
    "text",
    [
        "time-wait or dport = :443",
        "(estab sport = :80) or (time-wait dport = :80)",
        "exclude all",
        "time-wait and estab",
        "not dst 0.0.0.0/0",
        "not src ::",
        "not dst 2000::/3",
        "label = db",
        "pid = 77",
        "time-wait proc != nginx",
        "cgroup = /system.slice",
        "estab dport = :443 label != db",
    ],
)
def test_what_ss_cannot_say(text: str) -> None:
    assert ss_command(parse(text)) is None
