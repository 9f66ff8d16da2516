"""The explanations of the kernel's counters, from ``counters.toml``; read when needed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Literal

from twtop.knowledge.pages import Paragraph, paragraphs, read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class CounterPage:
    """All that is said about a counter; which rules use it, the rules say themselves.

    ``alert``: growth is never good. ``since`` and ``gone`` are the kernels that brought it and took it away,
    ``absent`` is another reason why a host may lack it.
    """

    meaning: str
    details: tuple[Paragraph, ...]
    alert: bool = False
    scope: Literal["namespace", "host"] = "namespace"
    since: str = ""
    gone: str = ""
    absent: str = ""
    states: tuple[str, ...] = ()
    sysctls: tuple[str, ...] = ()

    @property
    def versions(self) -> tuple[str, ...]:
        """Which kernels have the counter, in words; nothing where all do."""
        since = (f"Since Linux {self.since}.",) if self.since else ()
        return (*since, f"Gone in Linux {self.gone}.") if self.gone else since

    @property
    def lack(self) -> str:
        """Why a host that was read may not have the counter."""
        if self.gone:
            return f"not in this kernel: gone in {self.gone}"
        if self.since:
            return f"not in this kernel: came with {self.since}"
        return self.absent or "not in this kernel"


@cache
def counter_pages() -> Mapping[str, CounterPage]:
    """Return the page of every counter by its name, those first that say most when they move."""
    return {name: _counter_page(data) for name, data in read_toml("counters.toml").items()}


def short_name(name: str) -> str:
    """Return a counter's name as people say it: ``ListenOverflows``; those of sockstat stay whole."""
    return name if name.startswith("sockstat") else name.partition(".")[2]


def _counter_page(data: dict[str, Any]) -> CounterPage:
    lists: dict[str, Any] = {key: tuple(data.pop(key, ())) for key in ("states", "sysctls")}
    return CounterPage(details=paragraphs(data.pop("details")), **lists, **data)
