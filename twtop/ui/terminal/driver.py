"""The driver between Textual and the terminal: cheap, never blocked, and leaving cleanly whatever ends it."""

from __future__ import annotations

import contextlib
import os
import select
import shutil
import signal
from typing import TYPE_CHECKING, Any, Final

from textual import events
from textual.drivers.linux_driver import LinuxDriver

from twtop.ui.terminal.canvas import Canvas
from twtop.ui.terminal.capabilities import capabilities, encoding
from twtop.ui.terminal.output import Output

if TYPE_CHECKING:
    from textual.app import App
    from textual.message import Message

_STDOUT: Final = 1
_ENDING: Final = (signal.SIGTERM, signal.SIGHUP, signal.SIGINT)
_JOB_CONTROL: Final = (signal.SIGTSTP, signal.SIGCONT)
# Textual turns this on where the terminal resizes in band, and never off.
_MOUSE_PIXELS_OFF: Final = "\x1b[?1016l"
# How long a terminal that does not read may hold up the end of the program.
_PATIENCE_S: Final = 1.0


class TerminalDriver(LinuxDriver):
    """Textual's driver for Linux, writing to stdout through a `Canvas`.

    SIGTERM, SIGHUP, SIGINT and ctrl+c end the app with status 128+n; a terminal that is gone (end of file,
    EIO) counts as SIGHUP. ctrl+z suspends, ctrl+l writes the whole screen again.
    """

    def __init__(
        self, app: App[Any], *, debug: bool = False, mouse: bool = True, size: tuple[int, int] | None = None
    ) -> None:
        super().__init__(app, debug=debug, mouse=mouse, size=size)
        self._job_control = {number: signal.getsignal(number) for number in _JOB_CONTROL}
        canvas = Canvas(_terminal_size, ascii_only=not capabilities(os.environ).unicode)
        self._output = Output(_STDOUT, canvas, encoding(os.environ), self._lost)
        self._hangup: select.epoll | None = None

    def write(self, data: str) -> None:
        """Draw what Textual writes; the terminal gets what differs from what it shows."""
        self._output.draw(data)

    def start_application_mode(self) -> None:
        """Start as Textual does, and watch for what ends the program."""
        self._output.start()
        super().start_application_mode()  # type: ignore[no-untyped-call]
        self._handle_signals()
        self._watch_hangup()

    def stop_application_mode(self) -> None:
        """Leave the terminal as it was found, with all of that written when this returns."""
        self._unwatch_hangup()
        self.write(_MOUSE_PIXELS_OFF)
        super().stop_application_mode()
        self._output.stop(_PATIENCE_S)

    def run_input_thread(self) -> None:
        """Read keys until the end; a terminal that cannot be read is gone."""
        try:
            super().run_input_thread()
        except OSError:
            self._lost()

    def process_message(self, message: Message) -> None:
        """Act on the keys that are the terminal's own, and pass the others on."""
        key = message.key if isinstance(message, events.Key) else None
        if key == "ctrl+c":
            self._loop.call_soon_threadsafe(self._end, signal.SIGINT)
        elif key == "ctrl+z":
            self._app.call_later(self._app.action_suspend_process)
        elif key == "ctrl+l":
            self._output.repaint()
        else:
            super().process_message(message)

    def _handle_signals(self) -> None:
        """Have signals handled between two steps of the loop, where the canvas is in no one's hands."""
        for number in _ENDING:
            if signal.getsignal(number) is signal.SIG_IGN:
                continue  # as nohup(1) asks
            self._loop.add_signal_handler(number, self._end, number)
        for number, handler in self._job_control.items():
            if callable(handler):
                self._loop.add_signal_handler(number, handler, number, None)
        resized = signal.getsignal(signal.SIGWINCH)

        def on_resize() -> None:
            self._output.repaint()
            if callable(resized):
                resized(signal.SIGWINCH, None)

        self._loop.add_signal_handler(signal.SIGWINCH, on_resize)

    def _watch_hangup(self) -> None:
        """Notice a terminal that is gone: Textual would read its end of file again and again.

        An epoll asked for no events still reports EPOLLHUP and EPOLLERR (epoll_ctl(2)), and can be watched.
        """
        self._hangup = select.epoll()
        self._hangup.register(self.fileno, 0)
        self._loop.add_reader(self._hangup.fileno(), self._gone)

    def _lost(self) -> None:
        # The loop is closed where the program ends anyway.
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._gone)

    def _gone(self) -> None:
        """End without another read, which the terminal's end would set spinning."""
        self.exit_event.set()
        self._unwatch_hangup()
        self._end(signal.SIGHUP)

    def _unwatch_hangup(self) -> None:
        if self._hangup is not None:
            self._loop.remove_reader(self._hangup.fileno())
            self._hangup.close()
            self._hangup = None

    def _end(self, number: signal.Signals) -> None:
        self._app.exit(return_code=128 + number)


def _terminal_size() -> tuple[int, int]:
    """Return columns and rows as the terminal says, or as Textual would guess where it does not say."""
    with contextlib.suppress(OSError):
        size = os.get_terminal_size(_STDOUT)
        if size.columns and size.lines:
            return size.columns, size.lines
    return shutil.get_terminal_size()
