"""The demo shows what twtop is for: within a minute it has found much of what can be wrong."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Final

import pytest

SHOWN: Final = frozenset(
    {
        "accept-queue-full",
        "close-wait-leak",
        "connect-unanswered",
        "data-unanswered",
        "fin-behind-window",
        "fin-unanswered",
        "ports-gone-soon",
    }
)
"""What is found soonest; ports run short and other windows shut later."""

SCRIPT: Final = """
    import sys, time
    from tests.scenarios.wording import check_words
    from twtop.lab.world import start_world
    from twtop.sources.live import LiveSource
    from twtop.sources.observer import Observer

    wanted, found = set(sys.argv[1:]), set()
    with start_world(), LiveSource() as source:
        observer = Observer(source.host)
        for _ in range(80):
            for finding in observer.observe(source.take()).findings:
                check_words(finding)
                found.add(finding.rule)
            if wanted <= found:
                break
            time.sleep(0.5)
    print(*sorted(wanted - found))
"""


@pytest.mark.usefixtures("namespaces")
def test_the_demo_shows_off() -> None:
    ended = subprocess.run(
        [sys.executable, "-W", "error", "-c", textwrap.dedent(SCRIPT), *SHOWN],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.split() == []
