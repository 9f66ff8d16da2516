"""What the myths tell the reader to try in the demo shows on the real kernel what they say it shows."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from typing import Final

import pytest

from twtop.knowledge.myth_pages import myth_pages

SHOWN: Final = {
    "time-wait-fault": r"TcpExtTW +[1-9].*TcpExtTCPTimeWaitOverflow +0",
    "fin-timeout": r"tcp_fin_timeout = 5",
    "two-msl": r"timewait,5\d",
    "delivery-ends-it": r"^\d+$",
    "uid-root": r" 06 \S+ 03:\S+ \S+ +0 +0 0 ",
    "mini-168-bytes": r"^tw_sock_TCP +\d+ +\d+ +256 |Permission denied|^$",
    "descriptors-used-up": r"^\d{2,3}\n[1-9]\d*$",
    "floor-3-5-seconds": r"gone after (0\.[789]|1\.\d|2\.\d) s",
    "conntrack-timer": r"\n[1-9]\d*$",
    "kill-time-wait": r"TcpOutRsts",
    "enable-recycle": r"No such file",
    "reuse-is-off": r"tcp_tw_reuse = 2",
    "reuse-on-server": r"^\d+$",
    "reuse-when-empty": r"TcpExtTWRecycled +[1-9]",
    "reuse-after-1-s": r"tcp_tw_reuse_delay = 30000|No such file",
    "reuse-fin-wait-2": r"^[1-9]\d*$",
    "timestamps-off": r"timestamps 1 30 calls\ntimestamps 0 10 calls: .*Cannot assign",
    "timestamps-nat": r"clock [12] (?:[4-9]|\d\d+)\.\d ms",
    "rfc1337-protects": r"tcp_rfc1337 = 1",
    "reuseaddr-client": r"without SO_REUSEADDR: .*already in use\nwith it: .*61100",
    "reuseaddr-discards": r"LISTEN.*TIME-WAIT|TIME-WAIT.*LISTEN",
    "buckets-lower": r"TcpExtTCPTimeWaitOverflow +[1-9]",
    "overflow-is-logged": r"^0$|not permitted",
    "limit-65535": r"^(?:6[6-9]|70)\d{3}$",
    "ports-are-global": r"10 connections, then: .*Cannot assign.*\nelsewhere: .*127\.0\.0\.2",
    "range-61000": r"32768\s+60999",
    "port-search-is-free": r"\n14400 \d{3,} us",
    "sequential-ports": r"connect 127.0.0.1 \[(?:\d+[02468],? ?){5}\][^b]*bind \[(?:\d+[13579],? ?){5}\]",
    "connect-eaddrinuse": r"Cannot assign requested address",
    "restart-eaddrinuse": r"Address already in use",
    "fin-timeout-90": r"keepalive,1\d",
    "fin-wait-1-broken-peer": r"timer:\(on.*timer:\(persist|timer:\(persist.*timer:\(on",
    "linger-n-seconds": r"close\(\) took 2\.\d s\nsent (\d+) received \1$",
    "linger-zero": r"sent \d+ received \d+ .*reset by peer.*TcpExtTCPAbortOnData +[1-9]",
    "syn-meets-last-ack": r"LAST-ACK|took \d+ ms.*TcpExtTCPSYNChallenge +[1-9]",
    "close-wait-sysctl": r"443",
    "keepalive-for-all": r"^[1-9]\d*\n[1-9]\d*$",
    "orphans-lower": r"orphan \d+",
    "syn-backlog": r"^9$",
    "somaxconn-alone": r"LISTEN +\d+ +16 ",
    "abort-on-overflow": r"= 1\n.*reset by peer\n.*reset by peer\n.*= 0\nwaits\nwaits",
    "syncookies-off": r"TCPReqQFullDrop",
    "syn-retries": r"10\.77\.66\.6:443",
    "restart-process": r"^[1-9]\d*\n[1-9]\d*$",
}
"""For each myth with commands, what their output together must contain."""

# On a busy machine some of the 70,000 ACKs come late, and each has a TIME-WAIT ended by a RST.
BEFORE: Final = {"limit-65535": "sysctl -qw net.ipv4.tcp_rfc1337=1\n"}
"""What makes the output exact on any machine, and is nothing that a reader needs."""

IN_THE_DEMO: Final = """
    import json, re, subprocess, sys
    from twtop.lab.world import start_world

    def run(*command):
        ran = subprocess.run(command, capture_output=True, text=True)
        return ran.stdout + ran.stderr

    commands, shown = json.load(sys.stdin), {}
    with start_world() as world:
        for name, lines in commands.items():
            # Others may have a demo open, too.
            script = lines.replace("$(pgrep -xn checkout)", str(world.pids[0]))
            before = [run("sysctl", "-e", key) for key in set(re.findall(r"net\\.[\\w.]+(?==)", script))]
            shown[name] = run("bash", "-c", script)
            for setting in before:
                run("sysctl", "-qw", setting.strip().replace(" = ", "="))
    print(json.dumps(shown))
"""


def typed(name: str) -> str:
    """Everything a myth's page tells to type in the demo's network, as one script."""
    page = myth_pages()[name]
    steps = [step.text.removeprefix("$ ") for step in page.see if step.text.startswith("$ ")]
    return "\n".join((*steps, *page.script))


@cache
def shown() -> dict[str, str]:
    """What the commands of each myth print, tried in two demos side by side."""
    names = list(SHOWN)
    with ThreadPoolExecutor() as demos:
        first, second = demos.map(tried, (names[::2], names[1::2]))
    return first | second


def tried(names: list[str]) -> dict[str, str]:
    ended = subprocess.run(
        [sys.executable, "-c", textwrap.dedent(IN_THE_DEMO)],
        input=json.dumps({name: BEFORE.get(name, "") + typed(name) for name in names}),
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    outputs: dict[str, str] = json.loads(ended.stdout)
    return outputs


def test_every_myth_with_commands_is_tried() -> None:
    assert {name for name in myth_pages() if typed(name)} == set(SHOWN)


# The first one waits for all of them.
@pytest.mark.timeout(300)
@pytest.mark.usefixtures("namespaces")
@pytest.mark.parametrize("name", SHOWN)
def test_the_steps_show_what_the_myth_says(name: str) -> None:
    assert re.search(SHOWN[name], shown()[name].strip(), re.MULTILINE | re.DOTALL), shown()[name]
