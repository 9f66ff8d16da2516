"""The key that lists network namespaces, and what follows from a choice among them."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Literal

from twtop.kernel.namespaces.listing import own_namespace
from twtop.sources.panorama import Panorama
from twtop.sources.watch import ALL, OWN
from twtop.ui.actions import Actions
from twtop.ui.frame_screen import FrameScreen
from twtop.ui.views import open_view

if TYPE_CHECKING:
    from twtop.kernel.namespaces.listing import Namespace
    from twtop.sources.watch import Chosen
    from twtop.ui.namespaces.screen import NamespacesScreen

_KEY = "namespace"


class NamespaceActions(Actions, inherit_bindings=False):
    """Lists network namespaces, for which all are read, and shows one of them or all."""

    _alone: int | None = None
    """Number of the only namespace to show while all are read."""
    _listed_from: Chosen = OWN
    """What was looked at when the list was opened."""

    def _in_namespace(self, command: str) -> str | None:
        """Let the command enter the namespace that the line under the cursor is in."""
        if self._player is not None:
            # It can list only what is there now.
            return command
        namespace = self._namespace_at_cursor()
        if namespace is None:
            return None
        if namespace == OWN or namespace.own:
            return command
        path = namespace.path or next((f"/proc/{pid}/ns/net" for pid in namespace.pids), None)
        return path and f"nsenter --net={shlex.quote(path)} {command}"

    def _namespace_at_cursor(self) -> Namespace | Literal["own"] | None:
        """Return the namespace of the line under the cursor, None where it has sockets of several."""
        chosen = OWN if self._collector is None else self._collector.chosen
        if chosen != ALL:
            return chosen
        frame = self._panels.table.frame_at_cursor
        looked = self._shown and self._shown.looked
        if frame is None or not isinstance(looked, Panorama):
            return None
        return next((place.namespace for place in looked.places if place.frame is frame), None)

    def action_namespaces(self) -> None:
        """List all network namespaces; what the table shows stays as it is."""
        if self._collector is not None:
            chosen = self._listed_from = self._collector.chosen
            if chosen != ALL:
                if self._player is None:
                    self._alone = (own_namespace() if chosen == OWN else chosen).number
                self._collector.look_at(ALL)
        self.show_view(open_view("namespaces", self.signs), self._leave_list)

    def _leave_list(self) -> None:
        """Read again only what is shown."""
        if self._collector is not None and (self._alone is not None or self._player is not None):
            self._collector.look_at(self._listed_from)

    def on_namespaces_screen_chosen(self, event: NamespacesScreen.Chosen) -> None:
        """Show one namespace in all panels, or the sockets of all in the table."""
        if self._frozen and self._shown is not None and not isinstance(self._shown.looked, Panorama):
            # The others can only be read now.
            self.action_freeze()
        place, keys = event.place, self._spec.keys
        if place is None:
            self._alone = None
            keys = keys if _KEY in keys else (_KEY, *keys)
        else:
            self._alone = place.namespace.number
            if self._player is None:
                self._listed_from = OWN if place.namespace.own else place.namespace
            keys = tuple(key for key in keys if key != _KEY) or (_KEY,)
        self._choose(replace(self._spec, keys=keys))
        if isinstance(self.screen, FrameScreen):
            self.screen.dismiss()
