"""Names of hosts from a real name server of the lab: asked for beside everything else, never waited for."""

from __future__ import annotations

import subprocess
import sys
import threading
from ipaddress import ip_address
from textwrap import dedent
from typing import TYPE_CHECKING

import pytest

from tests.lab.name_server import NameServer, asking
from tests.lab.oracle import eventually
from twtop.core.address import halves
from twtop.core.names.host_names import UNKNOWN_FOR_S
from twtop.sources.resolver import MOST_WAITING, THREADS, Resolver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from twtop.lab.lab import Lab

NAMES = {
    "10.0.0.5": (b"db-1", b"example", b"com"),
    "10.0.0.6": (b"10", b"0", b"0", b"1"),
    "10.0.0.7": (b"\x1b[2Jevil name", b"example"),
    "10.0.0.8": (b"x" * 63,) * 3 + (b"x" * 61,),
    "10.0.0.9": None,
    "2001:db8::5": (b"six", b"example"),
}
SCRIPT = """
import sys
from twtop.kernel.reverse_dns import reverse_name
for address in sys.argv[1:]:
    print(ascii(reverse_name(address)))
"""


@pytest.fixture
def server(lab: Lab, tmp_path: Path) -> Iterator[NameServer]:
    probe = subprocess.run(
        asking("127.0.0.1", ["true"], tmp_path), capture_output=True, text=True, check=False
    )
    if probe.returncode:
        pytest.skip(f"no private mount namespace here: {probe.stderr.strip()}")
    with NameServer(lab.server, NAMES) as running:
        yield running


def test_the_resolver_of_the_host_is_asked(lab: Lab, server: NameServer, tmp_path: Path) -> None:
    addresses = ["10.0.0.5", "2001:db8::5", "10.0.0.99", "10.0.0.9", "127.0.0.1"]
    command = [sys.executable, "-c", SCRIPT, *addresses]
    ended = lab.client.run(asking(server.address, command, tmp_path))
    assert ended.stdout.split() == ["'db-1.example.com'", "'six.example'", "''", "None", "'localhost'"]
    assert ip_address("10.0.0.5").reverse_pointer in server.asked


def test_no_answer_is_shown_as_it_came(lab: Lab, server: NameServer, tmp_path: Path) -> None:
    script = SCRIPT.replace("reverse_name(address)", "host_text(reverse_name(address) or '')").replace(
        "import sys", "import sys\nfrom twtop.core.names.host_names import host_text"
    )
    command = [sys.executable, "-c", script, "10.0.0.6", "10.0.0.7", "10.0.0.8"]
    looks_like_one, hostile, long = lab.client.run(
        asking(server.address, command, tmp_path)
    ).stdout.splitlines()
    assert looks_like_one == "''"
    # glibc refuses it altogether; other libraries pass it on.
    assert hostile in ("''", "'??2Jevil?name.example'")
    assert long == f"'{('x' * 63 + '.' + 'x' * 63)[:97]}...'"


class Asked:
    """A resolver whose answers the test gives."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.may_answer = threading.Event()
        self.answers: list[None] = []
        self.now_s = 0.0
        self.resolver = Resolver(lambda: self.answers.append(None), self._ask, lambda: self.now_s)

    def _ask(self, address: str) -> str | None:
        self.seen.append(address)
        self.may_answer.wait()
        if address.endswith(".98"):
            return None
        return "" if address.endswith(".99") else f"host-{address.replace('.', '-')}.example"

    def name(self, text: str) -> str:
        return self.resolver.name(*halves(ip_address(text)))


@pytest.fixture
def asked() -> Iterator[Asked]:
    made = Asked()
    yield made
    made.resolver.stop()
    made.may_answer.set()


def test_who_asks_gets_nothing_at_first_and_the_name_later(asked: Asked) -> None:
    asked.may_answer.set()
    assert asked.name("10.0.0.5") == ""
    eventually(lambda: asked.name("10.0.0.5"), "host-10-0-0-5.example")
    assert asked.seen == ["10.0.0.5"]
    assert len(asked.answers) == 1


def test_what_has_no_name_is_not_asked_for_again_and_again(asked: Asked) -> None:
    asked.may_answer.set()
    asked.name("10.0.0.99")
    eventually(lambda: len(asked.resolver._names), 1)
    for _ in range(3):
        assert asked.name("10.0.0.99") == ""
    assert asked.answers == []
    asked.now_s = UNKNOWN_FOR_S
    asked.name("10.0.0.99")
    eventually(lambda: len(asked.seen), 2)


def test_it_knows_whether_anybody_answers(asked: Asked) -> None:
    asked.may_answer.set()
    asked.name("10.0.0.98")
    eventually(lambda: asked.resolver.is_unanswered, expected=True)
    assert asked.name("10.0.0.98") == ""
    asked.name("10.0.0.99")
    eventually(lambda: asked.resolver.is_unanswered, expected=False)


def test_a_resolver_that_hangs_takes_a_few_threads_and_little_memory(asked: Asked) -> None:
    for low in range(3 * MOST_WAITING):
        assert asked.name(f"10.1.{low // 250}.{low % 250}") == ""
        eventually(lambda: len(asked.seen), min(low + 1, THREADS))
    # Those of other tests end.
    eventually(lambda: sum(thread.name == "resolver" for thread in threading.enumerate()), THREADS)
    assert len(asked.resolver._waiting) == MOST_WAITING
    asked.may_answer.set()
    # What was wanted last is asked for first: it is what is on the screen.
    eventually(lambda: len(asked.seen) > THREADS, expected=True)
    assert asked.seen[THREADS] == "10.1.3.17"


def test_after_the_end_nothing_is_asked_and_nobody_told(asked: Asked) -> None:
    asked.name("10.0.0.5")
    eventually(lambda: asked.seen, ["10.0.0.5"])
    asked.resolver.stop()
    asked.may_answer.set()
    eventually(lambda: asked.resolver._asked, set())
    asked.name("10.0.0.6")
    assert asked.answers == []
    assert asked.seen == ["10.0.0.5"]


def test_a_resolver_that_hangs_keeps_nobody_from_leaving() -> None:
    script = """
        import threading
        from twtop.sources.resolver import Resolver
        asked = threading.Event()
        def hang(address):
            asked.set()
            threading.Event().wait()
        resolver = Resolver(lambda: None, hang)
        resolver.name(0, 0xFFFF0A000005)
        asked.wait()
        resolver.stop()
        """
    subprocess.run([sys.executable, "-c", dedent(script)], check=True)
