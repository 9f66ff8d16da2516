"""The key that saves what happened in the last minutes to a file."""

from __future__ import annotations

import asyncio
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from twtop.errors import RecordingError
from twtop.ui.actions import Actions
from twtop.ui.timeline.words import length, size_text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.recording.file.saving import Saved
    from twtop.recording.ring import Ring


class IncidentActions(Actions, inherit_bindings=False):
    """Saves the last minutes, whatever the screen shows, and says where they went."""

    _saves_incident = False

    def action_save_incident(self) -> None:
        """Save the last minutes, beside the screen's thread."""
        if self._collector is None:
            self.notify("This is a recording: it is in a file already.", timeout=4)
        elif self._saves_incident:
            self.notify("It is being saved already.", timeout=3)
        else:
            self._saves_incident = True
            self.run_worker(self._save_incident(self._collector.ring), name="incident")

    async def _save_incident(self, ring: Ring) -> None:
        hostname = "" if self._shown is None else self._shown.frame.host.hostname
        try:
            saved = await asyncio.to_thread(save_somewhere, ring, hostname)
        except RecordingError as error:
            self.notify(
                self.privacy.text(str(error), hostname),
                title="Nothing was saved",
                severity="error",
                timeout=10,
                markup=False,
            )
        else:
            file = self.privacy.text(str(saved.path), hostname)
            told = f"Saved the last {length(saved.span_s)}, {size_text(saved.size)}, to {file}."
            if self.privacy.is_on:
                told += " Nothing is masked in the file."
            self.notify(told, timeout=10, markup=False)
        finally:
            self._saves_incident = False


def save_somewhere(ring: Ring, hostname: str) -> Saved:
    """Write all that is kept to a new file: here, else at home, else where temporary files are.

    Raises RecordingError with the reason of each.
    """
    # Few save anything, and the database takes a while to import.
    from twtop.recording.file.saving import save, usual_path

    index = ring.index()
    start_s = float(index.wall_s[0]) if len(index) else 0.0
    reasons = []
    for folder in _folders():
        try:
            return save(ring, usual_path(folder, hostname, start_s))
        except RecordingError as error:
            reasons.append(str(error))
    raise RecordingError("; ".join(dict.fromkeys(reasons)))


def _folders() -> Iterator[Path]:
    # The current folder may have been removed, and not everybody has a home.
    with suppress(OSError):
        yield Path.cwd()
    with suppress(RuntimeError):
        yield Path.home()
    with suppress(OSError):
        yield Path(tempfile.gettempdir())
