"""Releases of the kernel."""

from __future__ import annotations

import re
from typing import Final

UNKNOWN: Final = (10**6, 0)
"""A release that cannot be read counts as new."""


def version(release: str) -> tuple[int, int]:
    """Return the first two numbers of a release such as ``6.12.41+deb13-amd64``."""
    match = re.match(r"(\d{1,9})\.(\d{1,9})", release)
    return (int(match[1]), int(match[2])) if match else UNKNOWN
