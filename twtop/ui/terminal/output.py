"""The one thread that writes to the terminal, so that a terminal that does not read stops nobody else."""

from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from twtop.ui.terminal.canvas import Canvas


class Output:
    """Writes a canvas to a terminal. What could not be written in time is superseded, never queued."""

    def __init__(self, fd: int, canvas: Canvas, encoding: str, lost: Callable[[], None]) -> None:
        """`lost` is called, from the writing thread, when the terminal takes no more bytes for ever."""
        self._fd = fd
        self._canvas = canvas
        self._encoding = encoding
        self._lost = lost
        self._changed = threading.Condition()
        self._pending = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin to write."""
        self._thread = threading.Thread(target=self._run, name="terminal-output", daemon=True)
        self._thread.start()

    def stop(self, patience: float) -> None:
        """Write what is pending and end; a terminal that does not read for `patience` seconds is given up."""
        thread, self._thread = self._thread, None
        if thread is None:
            return
        with self._changed:
            self._changed.notify()
        thread.join(patience)

    def draw(self, data: str) -> None:
        """Draw on the canvas; returns at once."""
        with self._changed:
            self._canvas.draw(data)
            self._pending = True
            self._changed.notify()

    def repaint(self) -> None:
        """Write the whole screen again."""
        with self._changed:
            self._canvas.repaint()
            self._pending = True
            self._changed.notify()

    def _run(self) -> None:
        try:
            while data := self._next():
                while data:
                    data = data[os.write(self._fd, data) :]
        except OSError:
            self._lost()

    def _next(self) -> bytes:
        """Wait for something to write; empty when there will be nothing more."""
        thread = threading.current_thread()
        with self._changed:
            while True:
                self._pending = False
                if data := self._canvas.update():
                    return data.encode(self._encoding, "replace")
                if self._thread is not thread:
                    return b""
                self._changed.wait_for(lambda: self._pending or self._thread is not thread)
