"""Looks as JSON lines: one object per look, on a line of its own.

What a snapshot tells too has the same name and meaning as in `twtop.export.json_`:

``schema``, ``host``, ``recording``, ``time``, ``filter``, ``by``, ``states``, ``degraded``, ``owners_lack``
                  as there; ``by`` is empty where no groups were asked for
``seconds``       since the look before; null in the first one, and so are all rates there
``sockets``       how many match
``born_per_s``    of these came into what matches, per second, told by the kernel's cookie
``gone_per_s``    left it
``groups``        with ``--by``; of each the members that it has there; ``born_per_s``, that came into the
                  group or into another state in it; ``gone_per_s``, that left it or their state in it
``ports``         of all sockets, whatever the filter: ``range``, ``capacity``, ``half``, ``reserved``,
                  ``bound``, ``bound_first``, ``udp_used`` as there, and ``worst``: of ``destinations`` that
                  with the least part of its ports left, null where nothing is connected to
``findings``      what is wrong about matching sockets: ``rule``, ``namespace`` (only with ``--netns all``),
                  ``subject``, ``severity``, ``headline``, as `twtop.export.findings` has them
``namespaces``    only with ``--netns all``, where ``ports`` is null: of every namespace ``name``, ``number``,
                  ``problem``, ``sockets``, ``states``, ``ports`` (as here) and ``degraded``

A look that failed is an object of ``schema``, ``time`` and ``problem``, which says why.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from twtop.core.filter import filter_text
from twtop.core.states import IN_LIFE_ORDER
from twtop.export.findings import about, finding_json
from twtop.export.json_ import SCHEMA, group_json, host_json, owners_lack, recording_json
from twtop.export.ports import port_range, worst_destination
from twtop.export.records import group_records
from twtop.export.times import utc_text
from twtop.sources.panorama import Panorama

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.export.records import Origin
    from twtop.export.stream.instant import Instant
    from twtop.sources.looks import Missed
    from twtop.sources.observer import Frame
    from twtop.sources.panorama import Place

_encode = json.JSONEncoder(separators=(",", ":")).encode


class JsonLines:
    """Writes looks as lines of JSON."""

    def __init__(self, recorded: Origin | None = None) -> None:
        """``recorded`` is where the looks come from, unless that is the running kernel."""
        self._recorded = recorded

    def texts(self, instant: Instant) -> Iterator[str]:
        """Yield the line of one look."""
        yield f"{_encode(_document(instant, self._recorded))}\n"


def missed_line(missed: Missed) -> str:
    """Return the line of a look that failed."""
    return f"{_encode({'schema': SCHEMA, 'time': utc_text(missed.wall_s), 'problem': missed.reason})}\n"


def _document(instant: Instant, recorded: Origin | None) -> dict[str, Any]:
    looked, view, spec = instant.looked, instant.view, instant.wanted.spec
    snapshot = looked.moment.snapshot
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "time": utc_text(snapshot.wall_s),
        "host": host_json(looked.host),
        **({} if recorded is None else {"recording": recording_json(recorded)}),
        "filter": filter_text(spec.filter) or None,
        "by": spec.keys if instant.wanted.grouped else (),
        "seconds": round(looked.moment.seconds, 3) or None,
        "sockets": view.matching,
        "born_per_s": instant.per_s(instant.turnover.born),
        "gone_per_s": instant.per_s(instant.turnover.gone),
        "states": {state.label: view.state_matches[state] for state in IN_LIFE_ORDER},
        "groups": list(_groups(instant)) if instant.wanted.grouped else [],
        "ports": None if isinstance(looked, Panorama) else _ports(looked),
        "findings": list(_findings(instant)),
        "degraded": looked.lacks,
        "owners_lack": owners_lack(snapshot, recorded=recorded is not None),
    }
    if isinstance(looked, Panorama):
        document["namespaces"] = [_namespace(place) for place in looked.places]
    return document


def _groups(instant: Instant) -> Iterator[dict[str, Any]]:
    for group in group_records(instant.view, instant.wanted.limit):
        yield {
            **group_json(group),
            "born_per_s": instant.per_s(group.born),
            "gone_per_s": instant.per_s(group.gone),
        }


def _ports(frame: Frame) -> dict[str, Any]:
    worst = worst_destination(frame.ports, frame.moment.snapshot, frame.history)
    return {**port_range(frame.ports), "worst": worst}


def _findings(instant: Instant) -> Iterator[dict[str, Any]]:
    for finding in instant.looked.findings:
        if finding.over_s is None and about(finding, instant.wanted.spec.filter, instant.looked):
            yield finding_json(finding)


def _namespace(place: Place) -> dict[str, Any]:
    told: dict[str, Any] = {"name": place.namespace.name, "number": place.namespace.number}
    if place.frame is None:
        return {**told, "problem": place.problem}
    snapshot = place.frame.moment.snapshot
    counts = snapshot.state_counts()
    return {
        **told,
        "problem": None,
        "sockets": place.sockets,
        "states": {state.label: int(counts[state]) for state in IN_LIFE_ORDER},
        "ports": _ports(place.frame),
        "degraded": snapshot.lacks,
    }
