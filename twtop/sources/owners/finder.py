"""A thread that finds out which process holds which socket, off the screen's path."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from twtop.core.text import printable
from twtop.sources.owners.budget import CpuBudget
from twtop.sources.owners.held import Held
from twtop.sources.owners.search import CHECK_EVERY_S, Search

if TYPE_CHECKING:
    from twtop.core.owners.holdings import Holdings
    from twtop.core.sockets import Sockets

CPU_SHARE: Final = 0.05
FIRST_S: Final = 1.0
"""CPU time beyond its share for the first pass: enough for 100,000 descriptors, on a busy machine too."""
BURST_S: Final = 0.25
"""CPU time that it may save up in quiet times."""
_AFTER_ERROR_S: Final = 10.0
_TO_END_S: Final = 1.0
"""More than any of its steps takes."""


class OwnerFinder:
    """Looks for the holders of sockets, in its own thread, for all network namespaces at once.

    Use: ``start`` it, if possible before the first dump, which takes a while too; tell it of every snapshot
    (`look_for`); take what it knows (`holdings`), which comes to be complete within a second or so, and later
    within a second of each snapshot; ``stop`` it. `find` tells it, and waits a moment for what it knows then:
    mostly that is everything. It uses ``cpu_share`` of a core, and `FIRST_S` beyond that for the first pass.
    That a process has closed or passed on a descriptor is noticed in ``check_every_s`` or little more, where
    it changes their number, else in four times that. `find_all_owners` is the same without a thread.

    It never fails: what goes wrong is said in ``Holdings.lack``, and tried again.
    """

    def __init__(self, cpu_share: float = CPU_SHARE, check_every_s: float = CHECK_EVERY_S) -> None:
        self._cpu_share = cpu_share
        self._search = Search(check_every_s)
        self._ended = threading.Event()
        self._lock = threading.Lock()
        self._has_mail = threading.Event()
        self._mail: tuple[Held, float] | None = None
        self._halts = threading.Event()
        """Set when it has nothing more to do, or may do no more for now."""
        self._rests = False
        """Whether it may do no more for now."""
        self._thread = threading.Thread(target=self._run, name="owner-finder", daemon=True)

    def start(self) -> None:
        """Begin, unless begun already."""
        if not self._thread.ident:
            self._thread.start()

    def look_for(self, sockets: Sockets) -> None:
        """Tell which sockets there are now, in all namespaces looked at; a millisecond for 350,000."""
        with self._lock:
            self._mail = Held.of(sockets), time.monotonic()
            self._halts.clear()
        self._has_mail.set()

    def find(self, sockets: Sockets, within_s: float) -> Holdings:
        """Look for these as `look_for` does, wait so long at most, and return what is known then.

        It does not wait where nothing is to be expected: before `start`, and while it rests from its budget.
        """
        self.look_for(sockets)
        if self._thread.is_alive() and not self._rests:
            self._halts.wait(within_s)
        return self.holdings()

    def holdings(self) -> Holdings:
        """Return what is known now: the same object as before unless something has changed."""
        known = self._search.holdings
        # What it rests from its budget with is still to be looked for.
        return known if self._mail is None else replace(known, looking=True)

    def stop(self) -> None:
        """End; what is known stays."""
        self._ended.set()
        self._has_mail.set()
        self._halts.set()
        # A thread that the end of the process meets in the middle of numpy aborts it.
        if self._thread.ident:
            self._thread.join(_TO_END_S)

    @property
    def nbytes(self) -> int:
        """The memory of what grows with the number of sockets."""
        return self._search.nbytes

    def _run(self) -> None:
        budget = CpuBudget(self._cpu_share, FIRST_S, BURST_S, time.monotonic(), time.thread_time())
        while not self._ended.is_set():
            next_s = self._work()
            if not self._search.is_first_pass:
                budget.end_first()
            if rest_s := budget.rest_s(time.monotonic(), time.thread_time()):
                self._rests = True
                self._halts.set()
                self._ended.wait(rest_s)
                self._rests = False
            elif (idle_s := next_s - time.monotonic()) > 0:
                self._say_that_all_is_done()
                self._has_mail.wait(idle_s)

    def _say_that_all_is_done(self) -> None:
        with self._lock:
            if self._mail is None:
                self._halts.set()

    def _work(self) -> float:
        """Do a little; return when there is more to do."""
        try:
            self._read_mail()
            next_s = self._search.step()
        except Exception as error:
            self._search.give_up(_described(error))
            return time.monotonic() + _AFTER_ERROR_S
        return next_s

    def _read_mail(self) -> None:
        if self._has_mail.is_set():
            with self._lock:
                mail, self._mail = self._mail, None
                self._has_mail.clear()
            if mail is not None:
                self._search.look_for(*mail)


def find_all_owners(sockets: Sockets) -> Holdings:
    """Look at every process once, in the calling thread, for the holders of these sockets.

    2,000 processes with 60,000 descriptors take about 0.3 s.
    """
    search = Search()
    search.look_for(Held.of(sockets), time.monotonic())
    try:
        while search.step() <= time.monotonic():
            pass
    except OSError as error:
        search.give_up(_described(error))
    return search.holdings


def _described(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        return f"processes cannot be read: {error.strerror}"
    return printable(f"processes cannot be read: {type(error).__name__}: {error}")
