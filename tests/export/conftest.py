from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

import pytest

from twtop.errors import HostError
from twtop.lab.lab import Lab
from twtop.lab.recipes import EVERY_STATE

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def every_state() -> Iterator[Lab]:
    """A lab with a socket of every recipe, and ``ss`` to compare them with."""
    if shutil.which("ss") is None:
        pytest.skip("ss (iproute2) is not installed")
    try:
        lab = Lab()
    except HostError as error:
        pytest.skip(str(error))
    with lab:
        for name, make in EVERY_STATE.items():
            if lab.ipv6 or not name.endswith("v6"):
                make(lab)
        yield lab
