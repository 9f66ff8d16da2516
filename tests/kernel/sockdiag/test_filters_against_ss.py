"""The same filter read by ss, by the kernel (as bytecode) and by the columns finds the same real sockets."""

from __future__ import annotations

import shlex
import socket
from ipaddress import ip_address
from shutil import which
from typing import TYPE_CHECKING, Final, TypeAlias

import pytest
from hypothesis import HealthCheck, given, settings

from tests.core.filter.strategies import endpoints, expressions
from twtop.core.address import halves
from twtop.core.filter import Everything, Expr, parse, ss_command
from twtop.core.states import State
from twtop.kernel.services import service_port
from twtop.kernel.sockdiag.bytecode import compile_filter
from twtop.kernel.sockdiag.dumps import SockDiag
from twtop.lab.host import endpoint
from twtop.lab.recipes import EVERY_STATE

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from twtop.core.sockets import Sockets
    from twtop.lab.host import Host
    from twtop.lab.lab import Lab

End: TypeAlias = tuple[int, int, int]
Row: TypeAlias = tuple[End, End]

ATTEMPTS: Final = 5


@pytest.fixture
def crowd(lab: Lab) -> Lab:
    """Sockets of every state, IPv4, IPv6 and mapped, some of them on well-known ports."""
    if not lab.ipv6:
        pytest.skip("this kernel has no IPv6")
    if which("ss") is None:
        pytest.skip("ss (iproute2) is not installed")
    for make in EVERY_STATE.values():
        make(lab)
    for port in (80, 443, 5432):
        for address in (lab.server.address(), lab.server.address(socket.AF_INET6)):
            visit(lab, lab.server.listen(port, address=address), address)
    visit(lab, lab.server.listen(8080, address="::"), lab.server.address())
    unanswered = lab.route(private=True)
    unanswered.cut("server->client")
    unanswered.connect(8080, wait=False)
    return lab


def visit(lab: Lab, listener: socket.socket, address: str) -> None:
    """Leave one connection established and one in TIME-WAIT on either side."""
    for closer in (None, "client", "server"):
        client = lab.client.connect(address, endpoint(listener)[1])
        server = lab.server.accept(listener)
        if closer:
            first, second = (client, server) if closer == "client" else (server, client)
            first.close()
            assert second.recv(1) == b""
            second.close()


def rows_of_ss(host: Host, *words: str) -> list[Row]:
    lines = host.run(["ss", "-tanH", *words]).stdout.splitlines()
    # Where one state is asked for, ss leaves out the column of states.
    return sorted((end_of_ss(local), end_of_ss(remote)) for *_, local, remote in map(str.split, lines))


def end_of_ss(text: str) -> End:
    address, _, port = text.rpartition(":")
    number = ip_address("::" if address == "*" else address.strip("[]"))
    return (*halves(number), 0 if port == "*" else int(port))


def rows_of(sockets: Sockets) -> list[Row]:
    columns = (
        (getattr(sockets, f"{end}_hi"), getattr(sockets, f"{end}_lo"), getattr(sockets, f"{end}_port"))
        for end in ("local", "remote")
    )
    local, remote = (zip(*(column.tolist() for column in end), strict=True) for end in columns)
    return sorted(zip(local, remote, strict=True))


class Witness:
    """Asks one host's kernel, as twtop does and through ss."""

    def __init__(self, host: Host) -> None:
        self.host = host
        with host.entered():
            self.diag = SockDiag()

    def compare(self, expr: Expr, words_of_ss: Sequence[str] | None) -> int:
        """Compare until sockets that end in between cannot be the reason; return how many match."""
        views = self._views(expr, words_of_ss)
        for _ in range(ATTEMPTS):
            if all(rows == views["the mask"] for rows in views.values()):
                break
            views = self._views(expr, words_of_ss)
        for view, rows in views.items():
            assert rows == views["the mask"], f"{view} differs from the mask on {expr}"
        return len(views["the mask"])

    def _views(self, expr: Expr, words_of_ss: Sequence[str] | None) -> dict[str, list[Row]]:
        compiled = compile_filter(expr)
        everything = visible_to_ss(self.diag.dump_tcp().sockets)
        answer = visible_to_ss(self.diag.dump_tcp(compiled.states, compiled.bytecode).sockets)
        views = {
            "the mask": rows_of(everything.take(expr.mask(everything))),
            "the mask over the kernel's answer": rows_of(answer.take(expr.mask(answer))),
        }
        if compiled.exact:
            views["the kernel"] = rows_of(answer)
        if words_of_ss is not None:
            views["ss"] = rows_of_ss(self.host, *words_of_ss)
        return views


def visible_to_ss(sockets: Sockets) -> Sockets:
    """Leave out bound-inactive sockets: ss 6.1 cannot ask for them."""
    return sockets.take(sockets.state != State.UNCONN)


@pytest.fixture
def witnesses(crowd: Lab) -> Iterator[list[Witness]]:
    asked = [Witness(crowd.client), Witness(crowd.server)]
    yield asked
    for witness in asked:
        witness.diag.close()


SPOKEN_BY_SS: Final = """
state all
state established
state ESTABLISHED
state syn-sent
state syn-recv
state fin-wait-1
state fin-wait-2
state time-wait
state close-wait
state last-ack
state listening
state closing
state closed
state connected
state synchronized
state bucket
state big
exclude listening
excl bucket
exclude time-wait exclude established
state time-wait state fin-wait-2
state connected exclude time-wait
exclude time-wait state time-wait
state all exclude synchronized state time-wait
dport = :443
dport :443
dport 443
dport == 443
sport != :443
sport ne 443
sport neq :443
dport > :443
dport gt 443
dport >= :443
dport ge 443
dport geq 443
dport < :443
dport lt 443
dport <= :443
dport leq 443
sport >= 0
sport > 65535
dport < 0
src 10.77.0.1
src = 10.77.0.2
src == 10.77.0.0/30
dst eq 10.77.0.1
dst 10.77.0.0/16
dst 10.77/16
dst 10/8
dst 0.0.0.0/0
src 0.0.0.0/0
dst 0.0.0.0
dst 10.77.0.2:443
src 10.77.0.0/24:5432
src :80
dst *:80
src *
dst [fd77::2]
dst [fd77::2]:443
src [fd77::/16]:80
dst fd77::/64
dst fd77::/64:5432
dst ::/0
src ::/0
src [::]
dst [::ffff:10.77.0.1]
src [::ffff:10.77.0.0/120]
not dport = :443
! dport = :443
not not dport = :443
! ( sport = :80 or sport = :443 )
not dst 10.77.0.1
not dst 10.77.0.0/24
not src [fd77::1]
not dst [fd77::/32]
sport = :80 or sport = :443
sport = :80 || sport = :443
sport = :80 | dport = :443
sport >= :80 and sport <= :443
sport >= :80 & sport <= :443
sport >= :80 && sport <= :443
sport >= :80 sport <= :443
sport = :80 or dport = :80 and src 10.77.0.1
src 10.77.0.1 and dport = :80 or sport = :80
src 10.77.0.1 dport = :80 or sport = :80
sport = :80 or dport = :80 not src 10.77.0.1
( sport = :80 or dport = :80 ) and not ( src 10.77.0.1 or src [fd77::1] )
sport = :80 or ( dport = :80 and src 10.77.0.1 )
state established dport = :443 or sport = :443
state time-wait state established not dst 10.77.0.0/24 sport != :80
exclude listening src [fd77::2] or src 10.77.0.2 and sport <= 443
state bucket sport = :8080
"""

WITH_SERVICE_NAMES: Final = """
dport eq https
sport = :https
sport le https
state established ( dport = :https or sport = :https )
"""

BEYOND_SS: Final = """
:443
port:443
port != 443
port:80-443
sport:1-1023
dport:443-5432
dport = 80-5432
port >= 32768
10.77.0.1
10.77.0.2:443
10/8
fd77::1
[fd77::2]:5432
fd77::/64
10.77.0.0/24:80-443
src != 10.77.0.1
time-wait
TIME_WAIT fin-wait-2
not time-wait
not (time-wait or listen)
:443 and time-wait
time-wait and (:443 or :80)
(:443 or :80) time-wait
established && !10.77.0.2:80
dport=443&&state time-wait
not (not estab or not :443)
(:80 or :443) and not listen and 10.77.0.0/16
10.77.0.1:* and connected
"""


def lines(block: str) -> list[str]:
    return block.strip().splitlines()


def test_ss_and_twtop_read_the_same_text_alike(witnesses: list[Witness]) -> None:
    matched = {text: ask_in_words(witnesses, text) for text in lines(SPOKEN_BY_SS)}
    assert len(matched) >= 60
    # The crowd is worth asking: hardly any filter finds nothing.
    assert {text for text, count in matched.items() if not count} == {
        "state closed",
        "sport > 65535",
        "dport < 0",
    }


@pytest.mark.skipif(service_port("https") is None, reason="this host has no names of services")
def test_services_have_the_names_that_ss_knows(witnesses: list[Witness]) -> None:
    for text in lines(WITH_SERVICE_NAMES):
        assert ask_in_words(witnesses, text)


def ask_in_words(witnesses: list[Witness], text: str) -> int:
    return sum(witness.compare(parse(text, service_port), text.split()) for witness in witnesses)


def test_what_twtop_adds_is_translated_for_ss(witnesses: list[Witness]) -> None:
    assert all(ss_command(parse(text)) for text in lines(BEYOND_SS))
    matched = {text: ask_both(witnesses, parse(text)) for text in lines(BEYOND_SS)}
    assert all(matched.values())


def ask_both(witnesses: list[Witness], expr: Expr) -> int:
    command = ss_command(expr)
    words = None if command is None else shlex.split(command)[2:]
    return sum(witness.compare(expr, words) for witness in witnesses)


def test_the_crowd_is_of_every_state(witnesses: list[Witness]) -> None:
    states = {state for witness in witnesses for state in witness.diag.dump_tcp().sockets.state.tolist()}
    assert states >= set(State) - {State.UNCONN}
    assert ask_both(witnesses, Everything()) > 100


# One crowd serves all examples: they only look at it.
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(expr=expressions() | expressions(endpoints))
def test_generated_filters(witnesses: list[Witness], expr: Expr) -> None:
    ask_both(witnesses, expr)


def test_chains_that_fill_an_attribute_reach_the_kernel(witnesses: list[Witness]) -> None:
    chain = " or ".join(f"dport = :{port}" for port in range(80, 80 + 4095))
    assert ask_kernel(witnesses, parse(chain)) == ask_kernel(witnesses, parse("dport:80-4174"))


def ask_kernel(witnesses: list[Witness], expr: Expr) -> int:
    return sum(witness.compare(expr, None) for witness in witnesses)
