"""The page that Prometheus reads, in the format that it asks for."""

from __future__ import annotations

import gzip
from typing import TYPE_CHECKING, Final, NamedTuple

from prometheus_client import exposition
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.registry import Collector

from twtop.exporter.finding_metrics import finding_metrics
from twtop.exporter.listen_metrics import listen_metrics
from twtop.exporter.own_metrics import own_metrics
from twtop.exporter.port_metrics import port_metrics
from twtop.exporter.socket_metrics import counter_metrics, limit_metrics, socket_metrics

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client.metrics_core import Metric

    from twtop.exporter.looks import Look

_OLDER: Final = "text/plain; version=0.0.4; charset=utf-8"
_FAST: Final = 1
"""Level of compression: others save a few percent more and take three times as long."""


class Form(NamedTuple):
    """How metrics are written."""

    openmetrics: bool
    compressed: bool


class Page(NamedTuple):
    """What is answered."""

    content_type: str
    encoding: str | None
    body: bytes


def metrics(look: Look, top: int) -> Iterator[Metric]:
    """Yield all metrics of a look; those that it knows nothing of have no samples."""
    told = look.told
    yield from socket_metrics(told)
    yield from port_metrics(told, top)
    yield from listen_metrics(told, top)
    yield from finding_metrics(told)
    yield from counter_metrics(told)
    yield from limit_metrics(told)
    yield from own_metrics(look)


class _Collected(Collector):
    """The metrics of one look, as ``prometheus_client`` wants to have them."""

    def __init__(self, look: Look, top: int) -> None:
        self._look = look
        self._top = top

    def collect(self) -> Iterator[Metric]:
        """Yield those that have samples: others would be headings with nothing below."""
        return (metric for metric in metrics(self._look, self._top) if metric.samples)


def form(accept: str, accept_encoding: str) -> Form:
    """Choose by the headers of a request: OpenMetrics if it is accepted, else the older text format."""
    return Form(_accepts_openmetrics(accept), exposition.gzip_accepted(accept_encoding))


def page(look: Look, top: int, wanted: Form) -> Page:
    """Write the metrics of a look; ``top`` is how many destinations and accept queues are named."""
    encode: Callable[[Collector], bytes] = exposition.generate_latest
    content_type = _OLDER
    if wanted.openmetrics:
        encode, content_type = openmetrics.generate_latest, openmetrics.CONTENT_TYPE_LATEST
    body = encode(_Collected(look, top))
    if wanted.compressed:
        return Page(content_type, "gzip", gzip.compress(body, _FAST))
    return Page(content_type, None, body)


def _accepts_openmetrics(accept: str) -> bool:
    """Tell whether version 1 is accepted; that of ``prometheus_client`` fails for versions that are none."""
    for wish in accept.split(","):
        kind, *parameters = (word.strip().lower() for word in wish.split(";"))
        versions = [word.removeprefix("version=") for word in parameters if word.startswith("version=")]
        if kind == "application/openmetrics-text" and all(each.startswith("1.") for each in versions):
            return True
    return False
