"""The key that closes sockets, where that was allowed when twtop was started."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Final

from twtop.core.filter import filter_text
from twtop.core.table.subject import subject_at
from twtop.sources.panorama import Panorama
from twtop.ui.actions import Actions
from twtop.ui.closing.lines import Occasion
from twtop.ui.closing.screen import CloseScreen
from twtop.ui.table.row_text import line_text, rows_of

if TYPE_CHECKING:
    from collections.abc import Callable

    from twtop.core.signs import Signs
    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import U64
    from twtop.core.table.view import Line, Lines
    from twtop.kernel.sockdiag.one_socket import SocketReader
    from twtop.sources.closer import Closer, Job
    from twtop.sources.panorama import Looked

_ACTION: Final = "close_sockets"
_PAST: Final = "What is shown is the past: come back to live to close sockets."
_RECORDED: Final = "What is shown is a recording: there is nothing to close."
_OFF: Final = "Closing sockets is off: start twtop with --allow-close."


class ClosingActions(Actions, inherit_bindings=False):
    """Closes what is under the cursor: a socket, a group, or all that is shown."""

    _closer: Closer | None
    """None unless it was allowed."""
    _newest: Looked | None
    _alone: int | None
    """Number of the only namespace that is shown of several."""
    _tried_closing: bool = False

    def _find_out_about_closing(self) -> None:
        """With the first data there are, find out whether sockets can be closed; else say so at once."""
        if self._closer is not None and not self._tried_closing and self._newest is not None:
            self._tried_closing = True
            self.run_worker(self._warn_of_lack(self._closer, self._newest), name="closing")

    async def _warn_of_lack(self, closer: Closer, looked: Looked) -> None:
        # Where other namespaces can only be read from outside, what lacks in twtop's own is what helps.
        reader = next((frame.reader for frame in looked.frames if frame.reader is not None), None)
        lack = await asyncio.to_thread(closer.get_ready, reader)
        if lack is None:
            self._idle = frozenset(self._idle) - {_ACTION}
            self._show_keys()
        else:
            self.notify(f"--allow-close: {lack}", severity="warning", timeout=10, markup=False)

    def action_close_sockets(self) -> None:
        """Ask whether what is under the cursor is to be closed.

        What is shown, frozen or not, says which sockets; what has become of them says the newest snapshot.
        """
        lines, newest = self._panels.table.lines, self._newest
        if self._collector is None:
            self.notify(_RECORDED, timeout=5)
        elif self._closer is None:
            self.notify(_OFF, timeout=5)
        elif self._player is not None:
            self.notify(_PAST, timeout=5)
        elif newest is None or lines is None:
            self.notify("There is nothing to close yet.", timeout=3)
        else:
            asked = self._ask(self._closer, newest, lines, self._panels.table.current)
            self.run_worker(asked, name="close", group="close", exclusive=True)

    async def _ask(self, closer: Closer, newest: Looked, lines: Lines, line: Line | None) -> None:
        snapshot, reader_of = _fresh(newest, self._alone)
        chosen = await asyncio.to_thread(_cookies_at, lines, line)

        def prepare(time_wait: bool) -> Job:
            return closer.prepare(snapshot, chosen, reader_of, time_wait=time_wait)

        occasion = Occasion(_scope(lines, line, self.signs), await asyncio.to_thread(closer.log_lack))
        job = await asyncio.to_thread(prepare, False)
        # Meanwhile the user may have opened something else.
        if len(self.screen_stack) == 1:
            self.push_screen(CloseScreen(closer, job, occasion, prepare))


def _fresh(newest: Looked, alone: int | None) -> tuple[Snapshot, Callable[[int], SocketReader | None]]:
    """Return the newest sockets of what the table shows, and who reads those of a namespace."""
    frame = newest.frame_of(alone) if isinstance(newest, Panorama) else newest
    if frame is not None:
        reader = frame.reader
        return frame.moment.snapshot, lambda _: reader
    assert isinstance(newest, Panorama)  # noqa: S101 - else it is a frame
    readers = {place.namespace.number: place.frame.reader for place in newest.places if place.frame}
    return newest.moment.snapshot, readers.get


def _cookies_at(lines: Lines, line: Line | None) -> U64:
    """Return the cookies of the sockets of a line; without a line, of all that the table shows."""
    rows = lines.view.groups.rows if line is None else rows_of(lines, line)
    return lines.view.moment.snapshot.sockets.cookie[rows]


def _scope(lines: Lines, line: Line | None, signs: Signs) -> str:
    """Say what is under the cursor."""
    if line is not None and line.kind == "socket":
        return line_text(lines, line, signs).strip()
    if line is not None:
        subject = subject_at(lines, line)
        return f" {signs.arrow} ".join(subject.names(lines.view, rows_of(lines, line)))
    chosen = filter_text(lines.view.spec.filter)
    return f"all that match: {chosen}" if chosen else "all sockets"
