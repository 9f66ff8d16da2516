"""Running an app on the terminal to its exit status."""

from __future__ import annotations

import contextlib
import io
import os
import signal
import sys
from typing import TYPE_CHECKING, Any

from rich.console import Console
from textual.worker import WorkerFailed

from twtop.errors import TwtopError
from twtop.ui.terminal.capabilities import require_terminal

if TYPE_CHECKING:
    from textual.app import App


def run_app(app: App[Any]) -> int:
    """Run an app made with `driver_class=TerminalDriver` and return its exit status.

    An error inside the app becomes one line on stderr and status 1; with TWTOP_DEBUG set, a traceback.
    Raises UsageError when there is no terminal, and the TwtopError that ended the app.
    """
    require_terminal()
    debug = bool(os.environ.get("TWTOP_DEBUG"))
    if not debug:
        app.error_console = Console(file=io.StringIO())
    error: BaseException | None = None
    try:
        app.run()
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except Exception as raised:
        if debug:
            raise
        error = raised
    error = error or app._exception  # noqa: SLF001 - Textual has no public way to ask
    if isinstance(error, WorkerFailed):
        error = error.error
    if isinstance(error, TwtopError):
        raise error
    if error is None:
        return app.return_code or 0
    if not debug:
        _report(error)
    return 1


def _report(error: BaseException) -> None:
    text = " ".join(f"{type(error).__name__}: {error}".split())
    # The terminal may be what was lost.
    with contextlib.suppress(OSError):
        print(
            f"twtop: internal error: {text}: set TWTOP_DEBUG=1 for the traceback", file=sys.stderr, flush=True
        )
