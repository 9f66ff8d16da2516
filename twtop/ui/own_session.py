"""The key that hides the SSH connection which twtop is used over."""

from __future__ import annotations

from dataclasses import replace

from twtop.ui.actions import Actions


class OwnSessionActions(Actions, inherit_bindings=False):
    """Leaves the own session out of table and totals, and takes it in again."""

    def action_own_session(self) -> None:
        """Hide the own session, or show it again."""
        hidden = self._spec.hides_session
        if not hidden and not (self._shown and self._shown.view.moment.snapshot.own_session):
            self.notify("twtop is not used over an SSH connection among these sockets.", timeout=4)
        else:
            self._choose(replace(self._spec, hides_session=not hidden))
