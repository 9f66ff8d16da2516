"""How metrics are put together: names, units, and label values that may come from strangers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, TypeAlias

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily

from twtop.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from prometheus_client.metrics_core import Metric

Samples: TypeAlias = "Iterable[tuple[Sequence[str], float]]"
"""Values with those of their labels."""

OTHER: Final = "other"
"""In place of a name: all that is not named."""
_LONGEST: Final = 300
"""More than any name of a namespace has: cut, two names could become one series twice."""
_UNITS: Final = ("seconds", "bytes")


def label(text: str) -> str:
    """Return a text as the value of a label: printable, and not longer than 300 characters and "..."."""
    return printable(text[:_LONGEST]) + ("..." if len(text) > _LONGEST else "")


def gauge(name: str, explained: str, labels: Sequence[str], samples: Samples) -> Metric:
    """Return a metric that goes up and down."""
    family = GaugeMetricFamily(name, explained, labels=labels, unit=_unit(name))
    for values, value in samples:
        family.add_metric(values, value)
    return family


def counter(name: str, explained: str, labels: Sequence[str], samples: Samples) -> Metric:
    """Return a metric that only grows; its name ends in ``_total``."""
    family = CounterMetricFamily(name, explained, labels=labels, unit=_unit(name.removesuffix("_total")))
    for values, value in samples:
        family.add_metric(values, value)
    return family


def _unit(name: str) -> str:
    return next((unit for unit in _UNITS if name.endswith(f"_{unit}")), "")
