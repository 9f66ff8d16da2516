"""The key that asks whose the sockets on the screen are."""

from __future__ import annotations

from dataclasses import replace

from twtop.core.table.view import Spec
from twtop.ui.actions import Actions

_OWNER = "owner"


class OwnerActions(Actions, inherit_bindings=False):
    """Groups by owner, and back."""

    _by_owner: tuple[str, ...] = ()
    """What the key grouped by last."""
    _before_owner: tuple[str, ...] = ()
    """What was grouped by before that."""

    def action_whose(self) -> None:
        """Group what is shown by owner instead of by the innermost key; the same again goes back.

        The groups above stay, and the cursor on them: whoever is on CLOSE-WAIT sees who holds those. Where
        the key was not what grouped by owner, only what stands above the owner is left.
        """
        keys = self._spec.keys
        if _OWNER not in keys:
            self._before_owner = keys
            self._by_owner = (*keys[: max(1, len(keys) - 1)], _OWNER)
            self._choose(replace(self._spec, keys=self._by_owner))
        elif keys == self._by_owner:
            self._choose(replace(self._spec, keys=self._before_owner))
        else:
            self._choose(replace(self._spec, keys=keys[: keys.index(_OWNER)] or Spec().keys))
