"""What the command line asks of the screen."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from twtop.core.filter import Expr


@dataclass(frozen=True, slots=True)
class ScreenOptions:
    """The options of ``twtop`` and ``twtop demo``, already checked."""

    interval_s: float
    """Seconds from one snapshot to the next."""
    filter: Expr
    keys: tuple[str, ...]
    """Names of KEYS to group by, outermost first."""
    sort: str
    """Name of one of FIELDS."""
    cpu_budget: float
    """Percent of one core that twtop may use."""
