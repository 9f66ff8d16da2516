"""A comparison of two moments as JSON, one object.

``schema``      1; new members may be added to a schema, none is renamed, moved or removed
``host``        ``name``, ``kernel`` (its release), ``namespace`` (``host``, its name, its number, or ``all``)
``recording``   ``name`` of the file, and ``filter``, which selected the sockets that were recorded, or null
``before``, ``after``  the two moments, the earlier one first: ``time``, ISO 8601 in UTC with milliseconds
``seconds``     time between them
``filter``      the filter in its canonical words, null without one
``by``          the keys of ``groups``, outermost first
``remarks``     what is to be known before one believes it, in sentences
``paired``      whether sockets are found again, by the kernel's cookie; if not, ``appeared``, ``vanished``,
                ``came`` and ``left`` are null
``total``       all matching sockets: how many ``before`` and ``after``; how many of them ``appeared``, and
                ``vanished`` altogether; ``came`` and ``left``: were, or are, there without matching, or, of
                a group, in another one. ``after = before + appeared + came - vanished - left``
``states``      those by state, as ``groups``; all that are or were there
``groups``      by ``key`` (an object: name of the key to its text), those that changed the most first, up to
                ``--limit``; of each the numbers as in ``total``; ``word``: ``grew``, ``shrank``,
                ``appeared``, ``vanished``, ``renewed`` where as many others are there, or null; ``became``,
                its sockets before by what they are after, and ``were``, those after by what they were: by
                state, or ``none``; both null where sockets are not found again
``others``      all other groups together: the numbers as in ``total``; how many ``changed``, and how many
                are the ``same``
``owners``, ``owners_others``  the same by command; null where owners are unknown, or ``by`` is about them
``ports``       destinations to which the number of ports in use changed, those where it changed the most
                first, up to ``--limit``: ``source``, ``remote`` (``address``, ``port``), ``before``,
                ``after``, ``capacity_before``, ``capacity_after``
``counters``    those of the kernel that moved: ``name``, ``before``, ``after``, ``per_s`` or null
``sysctls``     those that were set: ``name``, ``before``, ``after``, null where there was none
``findings``    ``word`` (``new``, ``worse``, ``better``, ``over``), ``rule``, ``namespace`` (of several),
                ``subject``, ``severity``, ``headline``

``ports``, ``counters`` and ``sysctls`` are null where several namespaces are compared.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from twtop.core.address import address_text
from twtop.core.comparison.groups import GONE
from twtop.core.filter import filter_text
from twtop.core.states import state_label
from twtop.core.text import printable
from twtop.export.findings import finding_json
from twtop.export.json_ import host_json, recording_json
from twtop.export.times import utc_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.core.comparison.groups import Counts, GroupChange, GroupChanges
    from twtop.core.comparison.ports import PortChange
    from twtop.export.records import Origin
    from twtop.kernel.host import HostInfo
    from twtop.sources.comparison.comparing import Comparison

SCHEMA: Final = 1
_NONE: Final = "none"


def comparison_json(comparison: Comparison, host: HostInfo, recorded: Origin) -> str:
    """Return the object described above."""
    own, groups = comparison.own, comparison.groups
    document = {
        "schema": SCHEMA,
        "host": host_json(host),
        "recording": recording_json(recorded),
        "before": {"time": utc_text(comparison.before.wall_s)},
        "after": {"time": utc_text(comparison.after.wall_s)},
        "seconds": round(comparison.seconds, 3),
        "filter": filter_text(comparison.spec.filter) or None,
        "by": groups.keys,
        "remarks": comparison.remarks,
        "paired": not comparison.unpaired,
        "total": _counts(comparison, groups.total),
        "states": _groups(comparison, comparison.states),
        "groups": _groups(comparison, groups),
        "others": _others(comparison, groups),
        "owners": None if comparison.owners is None else _groups(comparison, comparison.owners),
        "owners_others": None if comparison.owners is None else _others(comparison, comparison.owners),
        "ports": None if own is None else [_port(change) for change in own.ports.shown],
        "counters": None if own is None else [change._asdict() for change in own.counters],
        "sysctls": None
        if own is None
        else [
            {name: value if value is None else printable(value) for name, value in change._asdict().items()}
            for change in own.sysctls
        ],
        "findings": [{"word": change.word, **finding_json(change.finding)} for change in comparison.findings],
    }
    return json.dumps(document, indent=1) + "\n"


def _counts(comparison: Comparison, counts: Counts) -> dict[str, int | None]:
    told: dict[str, int | None] = counts._asdict()
    if comparison.unpaired:
        told |= dict.fromkeys(("appeared", "vanished", "came", "left"))
    return told


def _groups(comparison: Comparison, groups: GroupChanges) -> list[dict[str, Any]]:
    told = ((change.counts.rank, comparison.texts(groups, change), change) for change in groups.shown)
    # The order of equals must not depend on how they are stored.
    order = sorted(told, key=lambda each: each[:2])
    return [_group(comparison, texts, groups, change) for _, texts, change in order]


def _others(comparison: Comparison, groups: GroupChanges) -> dict[str, int | None]:
    return {
        **_counts(comparison, groups.others),
        "changed": groups.others_changed,
        "same": groups.others_same,
    }


def _group(
    comparison: Comparison, texts: Sequence[str], groups: GroupChanges, change: GroupChange
) -> dict[str, Any]:
    fates = change.became, change.were
    became, were = (None, None) if comparison.unpaired else map(_by_state, fates)
    return {
        "key": dict(zip(groups.keys, texts, strict=True)),
        **_counts(comparison, change.counts),
        "word": change.word or None,
        "became": became,
        "were": were,
    }


def _by_state(counts: tuple[int, ...]) -> dict[str, int]:
    return {
        _NONE if state == GONE else state_label(state): count for state, count in enumerate(counts) if count
    }


def _port(change: PortChange) -> dict[str, Any]:
    end = change.destination
    return {
        "source": end.source_text,
        "remote": {"address": address_text(end.remote_hi, end.remote_lo), "port": end.remote_port},
        "before": change.before,
        "after": change.after,
        "capacity_before": change.limit_before,
        "capacity_after": change.limit_after,
    }
