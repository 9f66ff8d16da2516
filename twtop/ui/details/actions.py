"""How the details of a socket are opened."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twtop.ui.actions import Actions
from twtop.ui.views import open_view

if TYPE_CHECKING:
    from twtop.ui.table.table import GroupTable


class DetailsActions(Actions, inherit_bindings=False):
    """Opens the details of the socket that was chosen in the table."""

    def on_group_table_socket_chosen(self, event: GroupTable.SocketChosen) -> None:
        """Show all that is known of it."""
        # Imported when needed: it is not what the first paint waits for.
        from twtop.ui.details.screen import DetailsScreen
        from twtop.ui.details.watch import SocketWatch

        view = open_view("details", self.signs)
        if isinstance(view, DetailsScreen):
            view.keep_to(SocketWatch(event.one))
            self.show_view(view)
