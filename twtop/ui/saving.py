"""The key that saves the view to the user's file."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from twtop.errors import HostError, UsageError
from twtop.ui.actions import Actions

if TYPE_CHECKING:
    from twtop.config.saving import Saved


class SavingActions(Actions, inherit_bindings=False):
    """Saves what is shown, and says what was written and where."""

    def action_save_view(self) -> None:
        """Write the choices of the screen to the file of options, so that the next start shows the same."""
        self.run_worker(self._save_view(), name="save", group="save", exclusive=True)

    async def _save_view(self) -> None:
        from twtop.config.saving import save_view

        try:
            saved = await asyncio.to_thread(save_view, self.chosen())
        except (HostError, UsageError) as error:
            self.notify(str(error), title="Nothing was saved", severity="error", timeout=10, markup=False)
        else:
            self.notify(_told(saved), timeout=6, markup=False)


def _told(saved: Saved) -> str:
    if not saved.names:
        return f"Nothing to save to {saved.file}: the next start shows this already."
    *most, last = saved.names
    return f"Saved {', '.join(most)}{' and ' if most else ''}{last} to {saved.file}."
