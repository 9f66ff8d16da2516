"""What commands print: pipes that close and disks that fill up end them in order, remarks go beside it."""

from __future__ import annotations

import os
import select
import signal
import sys
import time
from contextlib import suppress
from io import TextIOWrapper
from typing import TYPE_CHECKING

from twtop.core.text import printable
from twtop.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import NoReturn


def emit(parts: Iterable[str]) -> None:
    """Print texts one after the other, as they come, and make sure that they are written.

    When the reader of a pipe is gone the process ends by SIGPIPE, silently, as ``ss`` does: ``$?`` is 141.
    Characters that the output's encoding lacks are written ``?``.

    Raises:
        HostError: the output cannot be written, for example because the disk is full.
    """
    out = sys.stdout
    if out is None:
        raise HostError("standard output is closed")
    if isinstance(out, TextIOWrapper):
        out.reconfigure(errors="replace")
    # Python ignores SIGPIPE, and would complain at exit about what it could not write.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    for part in parts:
        try:
            out.write(part)
        except OSError as error:
            _give_up(error)
    try:
        out.flush()
    except OSError as error:
        _give_up(error)


def pause(seconds: float) -> None:
    """Wait between two things to `emit`; who reads a pipe and goes meanwhile ends the process then.

    Otherwise what writes rarely would stay long after its reader.
    """
    until = time.monotonic() + seconds
    watch = select.poll()
    # Errors and hangups are told unasked (poll(2)).
    watch.register(1, 0)
    if any(events & (select.POLLERR | select.POLLHUP) for _, events in watch.poll(seconds * 1000)):
        signal.signal(signal.SIGPIPE, signal.SIG_DFL)
        signal.raise_signal(signal.SIGPIPE)
    time.sleep(max(0.0, until - time.monotonic()))


def remark(*sentences: str) -> None:
    """Say on standard error what does not belong into the output, a line each."""
    # Whoever closed standard error does not want to know.
    with suppress(OSError, AttributeError):
        sys.stderr.writelines(f"twtop: {printable(sentence)}\n" for sentence in sentences)
        sys.stderr.flush()


def _give_up(error: OSError) -> NoReturn:
    # What is still in the buffer would fail, and be reported, once more when the interpreter ends.
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    raise HostError(f"cannot write to standard output: {error.strerror}") from error
