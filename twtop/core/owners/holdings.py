"""What a look at the processes found: who holds which socket."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twtop.core.owners.owner import Owner
    from twtop.core.sockets import U32


@dataclass(frozen=True, slots=True, eq=False)
class Holdings:
    """Sockets by inode, ascending, and their holders.

    What was held a moment ago is still in it, so that a socket which is closed between a look at the
    processes and the next snapshot keeps its owner.
    """

    inode: U32 = field(default_factory=lambda: np.zeros(0, np.uint32))
    holder: U32 = field(default_factory=lambda: np.zeros(0, np.uint32))
    """Index of the holder in ``holders``."""
    holders: Sequence[Owner] = ()
    cgroups: Mapping[int, str] = field(default_factory=dict)
    """Paths of cgroups (v2) by the ids that sock_diag tells."""
    users: Mapping[int, str] = field(default_factory=dict)
    """Names of users by uid."""
    lack: str | None = None
    """Why some owners cannot be found, for example ``the rest needs CAP_SYS_PTRACE``; None if all can."""
    looking: bool = False
    """Whether there are processes still to be looked at."""
