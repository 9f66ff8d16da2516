"""What a scrape of a host of the lab tells, read by Prometheus's own parser."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, Self

import pytest

pytest.importorskip("prometheus_client", reason="the extra twtop[exporter] is not installed")

from prometheus_client.openmetrics.parser import text_string_to_metric_families

from twtop.exporter.looks import Looks
from twtop.exporter.page import Form, page
from twtop.sources.watch import OWN, Watch

if TYPE_CHECKING:
    from prometheus_client.samples import Sample

    from twtop.exporter.looks import Look
    from twtop.lab.host import Host
    from twtop.sources.watch import Chosen

OPEN_METRICS: Final = "application/openmetrics-text; version=1.0.0"


class Scrape:
    """One page."""

    def __init__(self, look: Look, top: int) -> None:
        self.look = look
        self.text = page(look, top, Form(openmetrics=True, compressed=False)).body.decode()
        self.older_text = page(look, top, Form(openmetrics=False, compressed=False)).body.decode()
        families = text_string_to_metric_families(self.text)  # type: ignore[no-untyped-call]
        self.samples: list[Sample] = [sample for family in families for sample in family.samples]

    def all(self, name: str, **labels: str) -> list[Sample]:
        """Return the samples of a name that have these labels, besides others."""
        return [
            sample
            for sample in self.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]

    def value(self, name: str, **labels: str) -> float:
        """Return the one that there is."""
        (sample,) = self.all(name, **labels)
        return float(sample.value)


class Scraper:
    """Looks at a host of the lab, as the exporter does when it is asked."""

    def __init__(self, host: Host, *, top: int = 10, chosen: Chosen = OWN) -> None:
        self._host = host
        self._top = top
        self._watch = Watch(chosen)
        self._looks = Looks(self._watch)

    def __enter__(self) -> Self:
        self._watch.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._watch.__exit__()

    def scrape(self) -> Scrape:
        with self._host.entered():
            return Scrape(self._looks.take(), self._top)
