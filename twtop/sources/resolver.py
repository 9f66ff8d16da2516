"""Finds the names of hosts beside everything else; who asks for one never waits."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Final

from twtop.core.address import address_text
from twtop.core.names.host_names import HostNames, host_text
from twtop.kernel.reverse_dns import reverse_name

if TYPE_CHECKING:
    from collections.abc import Callable

THREADS: Final = 4
MOST_WAITING: Final = 256
"""Addresses that wait to be asked for, about two screens full; older ones are off the screen by then."""


class Resolver:
    """A few threads that ask for the names of addresses, what was seen last first.

    The threads are daemons: one that hangs in the resolver keeps nobody from leaving.
    """

    def __init__(
        self,
        answered: Callable[[], object],
        ask: Callable[[str], str | None] = reverse_name,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``answered`` is called, from one of the threads, when there is a new name."""
        self._answered = answered
        self._ask = ask
        self._clock = clock
        self._names = HostNames()
        self._changed = threading.Condition()
        self._waiting: dict[tuple[int, int], None] = {}
        """In the order in which they were wanted last."""
        self._asked: set[tuple[int, int]] = set()
        self.is_unanswered = False
        """Whether nobody answered the last question."""
        self._threads = 0
        self._idle = 0
        self._ended = False

    def name(self, high: int, low: int) -> str:
        """Return the name of an address, empty where it is not known, or not yet: then it is asked for."""
        address = high, low
        with self._changed:
            name, is_due = self._names.find(address, self._clock())
            if is_due and address not in self._asked and not self._ended:
                self._want(address)
        return name

    def _want(self, address: tuple[int, int]) -> None:
        self._waiting.pop(address, None)
        self._waiting[address] = None
        if len(self._waiting) > MOST_WAITING:
            del self._waiting[next(iter(self._waiting))]
        if not self._idle and self._threads < THREADS:
            self._threads += 1
            threading.Thread(target=self._run, name="resolver", daemon=True).start()
        self._changed.notify()

    def forget_waiting(self) -> None:
        """Ask for nothing more of what was wanted so far."""
        with self._changed:
            self._waiting.clear()

    def stop(self) -> None:
        """Ask for nothing more, and tell nobody of what is still answered."""
        with self._changed:
            self._ended = True
            self._waiting.clear()
            self._changed.notify_all()

    def _run(self) -> None:
        while (address := self._next()) is not None:
            answer = self._ask(address_text(*address))
            name = host_text(answer or "")
            with self._changed:
                self.is_unanswered = answer is None
                self._asked.discard(address)
                self._names.add(address, name, self._clock())
                if name and not self._ended:
                    self._answered()

    def _next(self) -> tuple[int, int] | None:
        with self._changed:
            while not self._waiting and not self._ended:
                self._idle += 1
                self._changed.wait()
                self._idle -= 1
            if self._ended:
                return None
            address, _ = self._waiting.popitem()
            self._asked.add(address)
            return address
