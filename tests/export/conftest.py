from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from twtop.errors import HostError
from twtop.lab.lab import Lab
from twtop.lab.recipes import EVERY_STATE

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def every_state() -> Iterator[Lab]:
    """A lab with a socket of every recipe, settled, and ``ss`` to compare them with."""
    # Where there is no ss its module skips.
    from tests.lab.oracle import settle

    try:
        lab = Lab()
    except HostError as error:
        pytest.skip(str(error))
    with lab:
        settle(make(lab) for name, make in EVERY_STATE.items() if lab.ipv6 or not name.endswith("v6"))
        yield lab
