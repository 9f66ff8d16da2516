"""What a recording with a filter keeps of a look."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twtop.sources.panorama import Panorama

if TYPE_CHECKING:
    from twtop.core.changes import Moment
    from twtop.core.filter import Expr
    from twtop.diagnosis.finding import Finding
    from twtop.sources.observer import Frame
    from twtop.sources.panorama import Looked, Place


def sifted(looked: Looked, wanted: Expr, findings: tuple[Finding, ...]) -> Looked:
    """Return a look with the sockets that match, and with these findings; counters and sysctls stay."""
    if not isinstance(looked, Panorama):
        return replace(_frame(looked, wanted), findings=findings)
    places = tuple(_place(place, wanted) for place in looked.places)
    return replace(looked, places=places, moment=_moment(looked.moment, wanted), findings=findings)


def _place(place: Place, wanted: Expr) -> Place:
    return place if place.frame is None else replace(place, frame=_frame(place.frame, wanted))


def _frame(frame: Frame, wanted: Expr) -> Frame:
    return replace(frame, moment=_moment(frame.moment, wanted))


def _moment(moment: Moment, wanted: Expr) -> Moment:
    rows, gone = wanted.mask(moment.snapshot.sockets), wanted.mask(moment.gone)
    return replace(
        moment,
        snapshot=moment.snapshot.only(rows),
        born=moment.born[rows],
        gone=moment.gone.take(gone),
        gone_server=moment.gone_server[gone],
        restarted=moment.restarted[rows],
        known_s=moment.known_s[rows],
    )
