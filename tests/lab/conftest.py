from __future__ import annotations

import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable


@pytest.fixture
def in_new_process(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Run a script in a process of its own, because it changes the whole process; return its output."""
    request.getfixturevalue("namespaces")

    def run(script: str) -> str:
        ended = subprocess.run(
            [sys.executable, "-W", "error", "-c", textwrap.dedent(script)],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    return run
