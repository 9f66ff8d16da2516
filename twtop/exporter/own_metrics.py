"""Metrics of twtop itself: what its looks cost, whether they succeed, and what they lack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from prometheus_client import ProcessCollector
from prometheus_client.core import InfoMetricFamily

from twtop import __version__
from twtop.exporter.families import counter, gauge, label

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.metrics_core import Metric

    from twtop.exporter.looks import Look

_MOST_LACKS: Final = 8
"""Of one namespace."""
_MOST_UNREAD: Final = 64


def own_metrics(look: Look) -> Iterator[Metric]:
    """Yield what the looks cost and what is missing, and the usual metrics of a process."""
    yield InfoMetricFamily("twtop_build", "The version of twtop.", value={"version": __version__})
    yield gauge(
        "twtop_look_success",
        "1 if the last look at the sockets succeeded, else 0; then all that it would have told is absent.",
        (),
        [((), look.problem is None)],
    )
    problems = [((label(look.problem),), 1.0)] if look.problem is not None else []
    yield gauge("twtop_look_problem_info", "Why the last look failed; always 1.", ("reason",), problems)
    yield gauge(
        "twtop_lack_info",
        "What the last look lacks, and why; always 1.",
        ("netns", "reason"),
        ((sample, 1.0) for sample in _lacks(look)),
    )
    yield counter("twtop_looks_total", "Looks at the sockets.", (), [((), look.looks)])
    yield counter("twtop_looks_failed_total", "Looks that failed.", (), [((), look.failed)])
    yield counter("twtop_look_cpu_seconds_total", "CPU time of all looks.", (), [((), look.cpu_s)])
    yield gauge("twtop_look_duration_seconds", "How long the last look took.", (), [((), look.seconds)])
    yield gauge(
        "twtop_look_timestamp_seconds", "Unix time of the end of the last look.", (), [((), look.wall_s)]
    )
    yield gauge(
        "twtop_look_sockets",
        "How many sockets the last look read in the namespaces that are told.",
        (),
        [((), look.sockets)],
    )
    yield gauge(
        "twtop_namespaces",
        "Network namespaces: told here, left out because they are too many, unread (why: twtop_lack_info).",
        ("status",),
        [
            (("told",), look.namespaces.told),
            (("left_out",), look.namespaces.left_out),
            (("unread",), len(look.namespaces.unread)),
        ],
    )
    yield from ProcessCollector(registry=None).collect()


def _lacks(look: Look) -> Iterator[tuple[str, str]]:
    lacks = [
        (each.netns, lack) for each in look.told for lack in each.frame.moment.snapshot.lacks[:_MOST_LACKS]
    ]
    said = [*lacks, *look.namespaces.unread[:_MOST_UNREAD]]
    # Two that are cut to the same text would be one series twice.
    yield from dict.fromkeys((label(netns), label(reason)) for netns, reason in said)
