from __future__ import annotations

import numpy as np
import pytest

from twtop.core.owners.owner import Owner
from twtop.kernel.processes.reading import Process
from twtop.sources.owners.ledger import LINGER_S, Kind, Ledger


class Book:
    """A ledger, and what it takes to write in it."""

    def __init__(self) -> None:
        self.ledger = Ledger()
        self.now_s = 100.0
        self._pids: set[int] = set()

    def read(self, pid: int, *sockets: int, start: int = 1, command: str = "it") -> None:
        self._pids.add(pid)
        self.ledger.follow(self._pids, 0.0)
        process = Process(pid, start, command, sockets=np.array(sorted(sockets), np.uint32))
        self.ledger.enter(process, Owner(pid, start, command), 0, self.now_s)

    def end(self, pid: int) -> None:
        self._pids.remove(pid)
        self.ledger.follow(self._pids, 0.0)

    def shown(self) -> dict[int, tuple[int, int]]:
        """Sockets and pid and start of their holders."""
        hands = self.ledger.settle(self.now_s)
        assert hands.inode.tolist() == sorted(set(hands.inode.tolist()))
        holders = [self.ledger.holders[slot] for slot in hands.slot.tolist()]
        return {
            inode: (holder.pid, holder.start)
            for inode, holder in zip(hands.inode.tolist(), holders, strict=True)
        }


@pytest.fixture
def book() -> Book:
    return Book()


def test_sockets_go_to_who_holds_them(book: Book) -> None:
    book.read(10, 1001, 1003)
    book.read(20, 1002)
    assert book.shown() == {1001: (10, 1), 1002: (20, 1), 1003: (10, 1)}


def test_of_several_holders_the_one_that_started_first_counts(book: Book) -> None:
    book.read(10, 7, start=50)
    book.read(30, 7, start=20)
    book.read(20, 7, start=20)
    assert book.shown() == {7: (20, 20)}


def test_who_holds_listeners_for_others_comes_last(book: Book) -> None:
    book.read(1, 7, 8, start=1, command="systemd")
    book.read(90, 7, start=99)
    assert book.shown() == {7: (90, 99), 8: (1, 1)}


def test_a_closed_socket_lingers_and_then_is_forgotten(book: Book) -> None:
    book.read(10, 7, 8)
    book.shown()
    book.read(10, 8)
    assert book.shown() == {7: (10, 1), 8: (10, 1)}
    assert book.ledger.held.inode.tolist() == [8]
    book.now_s += LINGER_S
    assert book.ledger.needs_settling(book.now_s)
    assert book.shown() == {8: (10, 1)}
    assert not book.ledger.needs_settling(book.now_s)


def test_the_sockets_of_a_process_that_is_gone_keep_its_name_for_a_while(book: Book) -> None:
    book.read(10, 7)
    book.shown()
    book.end(10)
    assert book.shown() == {7: (10, 1)}
    book.read(11, 8)
    assert book.shown() == {7: (10, 1), 8: (11, 1)}
    book.now_s += LINGER_S
    assert book.shown() == {8: (11, 1)}


def test_a_socket_that_is_passed_on_changes_hands_at_once(book: Book) -> None:
    book.read(10, 7)
    book.shown()
    book.read(20, 7, start=2)
    book.read(10)
    assert book.shown() == {7: (20, 2)}
    assert book.ledger.count(Kind.IDLE) == 1


def test_a_pid_taken_over_is_another_holder(book: Book) -> None:
    book.read(10, 7, start=5)
    book.shown()
    book.read(10, 8, start=6)
    assert book.shown() == {7: (10, 5), 8: (10, 6)}


def test_slots_are_used_again_and_the_holders_stay_the_same_object_meanwhile(book: Book) -> None:
    book.read(1, 1)
    book.shown()
    size, holders = book.ledger.size, book.ledger.holders
    book.read(1, 1, 2)
    book.shown()
    assert book.ledger.holders is holders
    for pid in range(100, 300):
        book.read(pid, pid)
        book.shown()
        book.end(pid)
        book.shown()
        book.now_s += LINGER_S
        book.shown()
    assert book.ledger.size <= size + 2
    assert book.shown() == {1: (1, 1), 2: (1, 1)}


def test_who_may_not_be_read_holds_nothing(book: Book) -> None:
    book.ledger.follow([10], 0.0)
    book.ledger.enter(Process(10, sockets=None), Owner(), 0, 100.0)
    assert book.ledger.count(Kind.REFUSED) == 1
    assert book.shown() == {}


def test_bytes_are_eight_a_socket_and_a_copy(book: Book) -> None:
    for pid in range(1, 101):
        book.read(pid, *range(1000 * pid, 1000 * pid + 100))
    book.shown()
    assert book.ledger.nbytes == 10_000 * (4 + 8)
