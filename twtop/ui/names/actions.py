"""The key that has the DNS asked for the names of peers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from textual.message import Message

from twtop.ui.actions import Actions

if TYPE_CHECKING:
    from twtop.sources.resolver import Resolver


class NamesActions(Actions, inherit_bindings=False):
    """Off until asked for: it is the only thing that twtop sends to a network."""

    _resolver: Resolver | None = None
    """None until names were asked for once."""
    asks_dns = False
    """Whether names are asked for now."""

    @dataclass
    class NameFound(Message):
        """A name is there; one message stands for all that wait."""

        def can_replace(self, message: Message) -> bool:
            """Let one message stand for all that wait."""
            return isinstance(message, NamesActions.NameFound)

    @property
    def dns_text(self) -> str:
        """What the header says of names; empty while none are asked for."""
        if not self.asks_dns:
            return ""
        unanswered = self._resolver is not None and self._resolver.is_unanswered
        return "names by DNS: no answer " if unanswered else "names by DNS "

    def action_names(self) -> None:
        """Ask for names of what is on the screen, or show none."""
        self.asks_dns = not self.asks_dns
        if self.asks_dns:
            self.notify(
                "The DNS is asked for the names of the peers on the screen: that sends queries. Again: stop.",
                timeout=6,
            )
        elif self._resolver is not None:
            self._resolver.forget_waiting()
        self._panels.table.host_name = self._host_name
        self._panels.table.update_lines()
        self._show_status()

    def _host_name(self, high: int, low: int) -> str:
        """Return the name of an address, as it may be seen; empty where it is not known."""
        if not self.asks_dns:
            return ""
        if self._resolver is None:
            # Not before it is needed: few ask for names.
            from twtop.sources.resolver import Resolver

            self._resolver = Resolver(lambda: self.post_message(self.NameFound()))
        return self.privacy.name(self._resolver.name(high, low))

    def on_names_actions_name_found(self) -> None:
        """Draw the lines that have a name now."""
        self._panels.table.update_lines()

    def on_unmount(self) -> None:
        """Ask for nothing more."""
        if self._resolver is not None:
            self._resolver.stop()
