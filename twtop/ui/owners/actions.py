"""The key that asks whose the sockets on the screen are."""

from __future__ import annotations

from dataclasses import replace

from twtop.core.table.view import Spec
from twtop.ui.actions import Actions

_OWNER = "owner"


class OwnerActions(Actions, inherit_bindings=False):
    """Groups by owner, and back."""

    _before_owners: tuple[str, ...] = Spec().keys
    """What was grouped by before that."""

    def action_whose(self) -> None:
        """Group what is shown by owner instead of by the innermost key; the same again goes back.

        The groups above stay, and the cursor on them: whoever is on CLOSE-WAIT sees who holds those.
        """
        keys = self._spec.keys
        if _OWNER in keys:
            back = tuple(key for key in self._before_owners if key != _OWNER)
            self._choose(replace(self._spec, keys=back))
        else:
            self._before_owners = keys
            self._choose(replace(self._spec, keys=(*keys[: max(1, len(keys) - 1)], _OWNER)))
