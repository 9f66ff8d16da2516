"""What the tests share that install packages from the package index."""

from __future__ import annotations

import os
import re
import shutil
import sys
from pathlib import Path

import pytest

NO_INDEX = re.compile(
    "No matching distribution found|NewConnectionError|ReadTimeoutError|ProxyError|SSLError"
    "|error sending request|Failed to fetch|dns error"
)
PACKAGES = pytest.mark.skipif(
    "TWTOP_PACKAGES" not in os.environ,
    reason="takes a minute and the package index: TWTOP_PACKAGES=1 runs it",
)


def tool(name: str) -> str:
    """Return where a tool is, beside this Python or elsewhere; skip where it is not."""
    found = shutil.which(name, path=f"{Path(sys.executable).parent}:{os.environ.get('PATH', '')}")
    return found or pytest.skip(f"{name} is not installed")
