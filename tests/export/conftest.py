from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.lab.lab import Lab


@pytest.fixture(scope="module")
def every_state() -> Iterator[Lab]:
    """A lab with a socket of every recipe, settled, and ``ss`` to compare them with."""
    # Where there is no ss its module skips.
    from tests.lab import scene

    with scene.every_state() as (lab, _):
        yield lab
