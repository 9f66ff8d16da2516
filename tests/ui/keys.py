"""Which keys have a test: a test that is given a key here counts as the one of that key."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from _pytest.mark.structures import MarkDecorator

tested: dict[str, set[str]] = defaultdict(set)
"""By the name of what has the bindings."""


def pressing(owner: str, *keys: str) -> MarkDecorator:
    """Run a test once with each of the keys as its argument ``key``."""
    tested[owner] |= set(keys)
    return pytest.mark.parametrize("key", keys)


def pressing_all(owner: str, *keys: str) -> MarkDecorator:
    """Run a test once with all of the keys as its argument ``keys``: one application can take them all."""
    tested[owner] |= set(keys)
    return pytest.mark.parametrize("keys", [keys], ids=["-".join(keys)])
