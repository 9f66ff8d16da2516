from __future__ import annotations

import ipaddress
import socket
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from twtop.core.address import endpoint_text
from twtop.core.sockets import DTYPES, Sockets
from twtop.core.states import ALL_STATES, State
from twtop.errors import KernelError
from twtop.kernel.procnet import read_tcp_tables
from twtop.kernel.sockdiag.dumps import SockDiag
from twtop.lab.recipes import EVERY_STATE

if TYPE_CHECKING:
    from pathlib import Path

    from twtop.lab.lab import Lab

Connections: TypeAlias = "dict[tuple[int, ...], tuple[dict[str, int], int]]"

HEADER = "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode"
TICK_MS = 10
ATTEMPTS = 100


def word(address: str) -> str:
    """An address as the kernel prints it: network-order words, each as a number of this machine."""
    words = np.frombuffer(ipaddress.ip_address(address).packed, np.uint32)
    return "".join(f"{number:08X}" for number in words)


def line(
    slot: int = 0,
    local: str = f"{word('10.0.0.1')}:1F90",
    remote: str = f"{word('10.0.0.2')}:D431",
    rest: str = "06 00000000:00000000 03:00001387 00000000     0        0 0 3 0000000000000000",
) -> str:
    return f"{slot:4d}: {local} {remote} {rest}".ljust(149)


def read(folder: Path, *lines: str, tcp6: tuple[str, ...] = ()) -> Sockets:
    (folder / "tcp").write_text("\n".join((HEADER.ljust(149), *lines)) + "\n")
    (folder / "tcp6").write_text("\n".join((HEADER, *tcp6)) + "\n")
    return read_tcp_tables(folder)


def rows(table: Sockets) -> list[tuple[int, ...]]:
    return list(zip(*(getattr(table, name).tolist() for name in DTYPES), strict=True))


def endpoints(table: Sockets) -> list[tuple[str, str]]:
    return [
        (
            endpoint_text(int(table.local_hi[row]), int(table.local_lo[row]), int(table.local_port[row])),
            endpoint_text(int(table.remote_hi[row]), int(table.remote_lo[row]), int(table.remote_port[row])),
        )
        for row in range(len(table))
    ]


def test_a_time_wait(tmp_path: Path) -> None:
    table = read(tmp_path, line())
    assert endpoints(table) == [("10.0.0.1:8080", "10.0.0.2:54321")]
    assert (table.state[0], table.timer[0], table.expires_ms[0]) == (State.TIME_WAIT, 3, 49990)
    assert (table.uid[0], table.inode[0], table.family[0]) == (0, 0, 2)
    assert {name: getattr(table, name).dtype for name in DTYPES} == {
        name: np.dtype(dtype) for name, dtype in DTYPES.items()
    }


def test_an_established_ipv6_connection(tmp_path: Path) -> None:
    rest = "01 0000000A:0000000B 01:00000014 00000003 4294967295       12 4294967294 2 0 20 4 0 10 -1"
    text = line(12345, f"{word('2001:db8::1')}:0050", f"{word('2001:db8:0:1::2')}:FFFF", rest)
    table = read(tmp_path, tcp6=(text,))
    assert endpoints(table) == [("[2001:db8::1]:80", "[2001:db8:0:1::2]:65535")]
    assert (table.wqueue[0], table.rqueue[0], table.expires_ms[0], table.retrans[0]) == (10, 11, 200, 3)
    assert (table.uid[0], table.inode[0], table.family[0]) == (2**32 - 1, 2**32 - 2, 10)


@pytest.mark.parametrize(("timer", "retrans"), [(1, 3), (2, 7), (4, 7)])
def test_what_probes_counts_probes(tmp_path: Path, timer: int, retrans: int) -> None:
    rest = f"01 00000001:00000000 0{timer}:00000014 00000003  1000        7 4711 2 0 20 4 0 10 -1"
    assert read(tmp_path, line(rest=rest)).retrans.tolist() == [retrans]


def test_half_open_minis_have_no_user(tmp_path: Path) -> None:
    rest = "0C 00000000:00000000 01:00000014 00000001  1000        0 0 0 0000000000000000"
    table = read(tmp_path, line(rest=rest))
    assert (table.state[0], table.uid[0]) == (State.SYN_RECV, 0)


@pytest.mark.parametrize(
    "odd",
    [
        "",
        "nonsense",
        ":",
        "   1: 0",
        line(local="0100007G:1F90"),
        line(local="0100007F 1F90"),
        line(remote="0100007F:1F9"),
        line(rest="06 00000000:00000000 03:00001387 00000000"),
        line(rest="06 00000000:00000000 03:00001387 00000000     0        0").rstrip(),
        line(rest="06 00000000:00000000 03:00001387 00000000     0        0 4711").rstrip(),
        line(rest="06 00000000:00000000 03:00001387 00000000     0        0 99999999999 3 0"),
        line(rest="06 00000000:00000000 03:00001387 00000000     0       -1 4711 3 0"),
    ],
)
def test_an_odd_line_is_left_out(tmp_path: Path, odd: str) -> None:
    around = line(0), line(1, remote="0100007F:0050")
    assert rows(read(tmp_path, around[0], odd, around[1])) == rows(read(tmp_path, *around))
    assert rows(read(tmp_path, *around, odd)) == rows(read(tmp_path, *around))


def test_many_lines(tmp_path: Path) -> None:
    count = 20_000
    lines = [line(slot, remote=f"{slot:08X}:0050") for slot in range(count)]
    table = read(tmp_path, *lines)
    assert len(table) == count
    assert len(np.unique(table.cookie)) == count


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_file_shows_no_socket_that_is_not_there(tmp_path: Path, data: st.DataObject) -> None:
    lines = [line(slot, remote=f"{slot:08X}:0050") for slot in (1, 2, 30000)]
    whole = set(rows(read(tmp_path, *lines)))
    text = (tmp_path / "tcp").read_bytes()
    cut = data.draw(st.integers(0, len(text)))
    (tmp_path / "tcp").write_bytes(text[:cut])
    assert set(rows(read_tcp_tables(tmp_path))) <= whole
    (tmp_path / "tcp").write_bytes(text[:cut] + data.draw(st.binary(max_size=200)) + text[cut:])
    assert len(read_tcp_tables(tmp_path)) <= len(lines) + 1


def test_cookies_stay_the_same_through_the_life_of_a_connection(tmp_path: Path) -> None:
    estab = line(rest="01 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0 20 4 0 10 -1")
    first, second = read(tmp_path, estab), read(tmp_path, line())
    assert first.cookie.tolist() == second.cookie.tolist()
    assert 0 < int(first.cookie[0]) < 1 << 60
    # The number is part of the contract: recordings of one machine are compared on another.
    assert read(tmp_path, line(remote=f"{word('10.0.0.2')}:D432")).cookie[0] != first.cookie[0]


def test_listeners_that_share_a_port_have_their_own_cookies(tmp_path: Path) -> None:
    listeners = [
        line(inode, rest=f"0A 00000000:00000002 00:00000000 00000000     0        0 {inode} 1 0 100 0 0 10 0")
        for inode in (4711, 4712)
    ]
    table = read(tmp_path, *listeners)
    assert len(set(table.cookie.tolist())) == 2
    assert (table.rqueue[0], table.wqueue[0]) == (2, 0)


def test_a_kernel_without_ipv6_has_no_tcp6(tmp_path: Path) -> None:
    read(tmp_path, line())
    (tmp_path / "tcp6").unlink()
    assert len(read_tcp_tables(tmp_path)) == 1


def test_without_proc_the_error_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(KernelError, match=r"cannot read .*/tcp: No such file or directory"):
        read_tcp_tables(tmp_path)


def by_connection(table: Sockets) -> Connections:
    """Every socket's columns that both ways of reading have, and apart from them the milliseconds left."""
    found = {}
    for row in rows(table):
        columns = dict(zip(DTYPES, row, strict=True))
        expires_ms = columns.pop("expires_ms")
        del columns["cookie"], columns["cgroup"]
        # Only netlink knows the backlog, and it counts SYN-ACKs sent where the file counts timeouts.
        unlike = {State.LISTEN: "wqueue", State.SYN_RECV: "retrans"}.get(State(columns["state"]), "interface")
        columns[unlike] = 0
        identity = tuple(columns[name] for name in DTYPES if name.startswith(("family", "local", "remote")))
        found[identity] = columns, expires_ms
    return found


def unlike(before: Sockets, proc: Sockets, after: Sockets) -> dict[tuple[int, ...], object]:
    """Return what was read in between otherwise than before and after; also what was just retransmitted."""
    first, middle, last = map(by_connection, (before, proc, after))
    found: dict[tuple[int, ...], object] = dict.fromkeys(
        (first.keys() ^ middle.keys()) | (middle.keys() ^ last.keys()), "missing"
    )
    for end in first.keys() & middle.keys() & last.keys():
        columns, expires_ms = middle[end]
        latest, earliest = first[end][1] + TICK_MS, last[end][1] - 2 * TICK_MS
        if columns != first[end][0] or not earliest <= expires_ms <= latest:
            found[end] = first[end], middle[end], last[end]
    return found


def test_every_state_is_as_netlink_shows_it(lab: Lab) -> None:
    for name, make in EVERY_STATE.items():
        if lab.ipv6 or not name.endswith("v6"):
            make(lab)
    states: set[int] = set()
    for host in (lab.client, lab.server):
        with host.entered(), SockDiag() as diag:
            states |= states_alike(diag)
    assert states == set(State) - {State.UNCONN}


def states_alike(diag: SockDiag) -> set[int]:
    """Read the files until nothing happened meanwhile, and they show what netlink does; return all states."""
    for _ in range(ATTEMPTS):
        before, proc, after = diag.dump_tcp(ALL_STATES), read_tcp_tables(), diag.dump_tcp(ALL_STATES)
        if not (found := unlike(before.sockets, proc, after.sockets)):
            return set(proc.state.tolist())
    pytest.fail(f"in each of {ATTEMPTS} readings something was unlike, in the last one {found}")


def test_each_thread_reads_its_own_namespace(lab: Lab) -> None:
    listener = lab.server.listen()
    with lab.server.entered():
        table = read_tcp_tables()
    assert table.local_port[table.state == State.LISTEN].tolist() == [listener.getsockname()[1]]
    assert socket.AF_INET in table.family
