"""What came into all that matches, and what left it: of the whole, without the moves within it."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from twtop.core.table.view import View


class Turnover(NamedTuple):
    """Sockets that match now and did not at the snapshot before, and the other way round."""

    born: int
    gone: int


def turnover(view: View) -> Turnover:
    """Count what came and went; a socket that matches in its old state and in its new one did neither."""
    moment, rows = view.moment, view.groups.rows
    came = moment.snapshot.sockets.cookie[rows[moment.born[rows]]]
    went = moment.gone.cookie[view.spec.filter.mask(moment.gone)]
    stayed = int(np.count_nonzero(np.isin(came, went)))
    return Turnover(len(came) - stayed, len(went) - stayed)
