"""Waits between looks for time to pass, or for signals."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Final, Self

if TYPE_CHECKING:
    from collections.abc import Callable

_SIGNALS: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_STATUS: Final = {signal.SIGTERM: 0, signal.SIGINT: 130, signal.SIGHUP: 129}


class EndedError(Exception):
    """It is time to end; ``status`` is the exit status."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


class Waiting:
    """Takes signals while it waits and at no other time, so that none comes in the middle of something.

    Enter it before any thread begins: a thread takes the signals that were not blocked when it was started.
    """

    def __init__(self, rotate: Callable[[], None], seconds: float | None = None) -> None:
        """``rotate`` is called at SIGHUP; after so many seconds it is over."""
        self._rotate = rotate
        self._end = float("inf") if seconds is None else time.monotonic() + seconds
        # nohup(1) and shells that start something in the background ignore signals for it.
        self._awaited = {each for each in _SIGNALS if signal.getsignal(each) is not signal.SIG_IGN}
        self._had_terminal = _has_terminal()

    def __enter__(self) -> Self:
        self._before = signal.pthread_sigmask(signal.SIG_BLOCK, self._awaited)
        return self

    def __exit__(self, *_: object) -> None:
        # Who asked twice for the end has got it.
        while self._awaited and signal.sigtimedwait(self._awaited, 0) is not None:
            pass
        signal.pthread_sigmask(signal.SIG_SETMASK, self._before)

    def pause(self, seconds: float) -> None:
        """Wait; raises EndedError once it is over."""
        until = time.monotonic() + seconds
        while True:
            left = min(until, self._end) - time.monotonic()
            found = signal.sigtimedwait(self._awaited, max(0.0, left)) if self._awaited else None
            if found is not None:
                self._take(signal.Signals(found.si_signo))
            elif time.monotonic() >= self._end:
                raise EndedError(0)
            elif time.monotonic() >= until:
                return
            elif not self._awaited:
                time.sleep(max(0.0, left))

    def _take(self, number: signal.Signals) -> None:
        if number == signal.SIGHUP and _has_terminal() == self._had_terminal:
            self._rotate()
        else:
            raise EndedError(_STATUS[number])


def _has_terminal() -> bool:
    """Tell whether there is a terminal that could be closed; after that there is none (tty(4))."""
    with suppress(OSError):
        os.close(os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY | os.O_CLOEXEC))
        return True
    return False
