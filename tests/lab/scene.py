"""A scene with a socket of every recipe."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.lab.oracle import settle
from twtop.errors import HostError
from twtop.lab.lab import Lab
from twtop.lab.recipes import EVERY_STATE

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.lab.specimen import Specimen


@contextmanager
def every_state() -> Iterator[tuple[Lab, dict[str, Specimen]]]:
    """Make a lab, and in it what every recipe makes, settled; skips where there can be no lab."""
    try:
        lab = Lab()
    except HostError as error:
        pytest.skip(str(error))
    with lab:
        made = {name: make(lab) for name, make in EVERY_STATE.items() if lab.ipv6 or not name.endswith("v6")}
        settle(made.values())
        yield lab, made
