"""What it takes to group sockets by something."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from twtop.core.sockets import Mask, Sockets

Columns: TypeAlias = Callable[["Sockets", "Mask"], Sequence[NDArray[np.unsignedinteger]]]
"""Returns columns, given the sockets and which are on the server side."""


@dataclass(frozen=True, slots=True)
class Key:
    """Something to group by."""

    name: str
    title: str
    columns: Columns
    """The columns that must agree within a group."""
    text: Callable[[Sockets, int, bool], str]
    """The group's text, from any one of its rows and its role."""
    splits_bundles: bool = False
    """Whether sockets of one bundle (`twtop.core.runs.bundles`) may differ in it."""
    order: Columns | None = None
    """What equally great groups are sorted by, where ``columns`` would bring them into no order."""
    of_owners: bool = False
    """Whether it is known only where somebody looks at processes."""
