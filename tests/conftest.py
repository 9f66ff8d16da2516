"""Fixtures for real sockets; an unprivileged run first becomes root of a user namespace."""

from __future__ import annotations

import gc
import signal
import subprocess
import sys
import textwrap
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings

from tests import warm
from twtop.errors import HostError
from twtop.lab.lab import Lab
from twtop.lab.namespaces import require_namespaces

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# How long an example takes says something about the machine, and nothing about the code.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

_refused = pytest.StashKey[str]()


def pytest_configure(config: pytest.Config) -> None:
    # What a shell runs in the background ignores the one, what nohup runs the other; so would every program
    # that the tests start.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    # Only a process with one thread may enter a user namespace, so it cannot wait for the first fixture.
    try:
        require_namespaces()
    except HostError as error:
        config.stash[_refused] = str(error)


def pytest_collection_finish() -> None:
    # Thousands of tests stay until the end; to look for garbage among them took a fifth of all CPU time.
    gc.freeze()


@pytest.fixture(scope="session", autouse=True)
def twtop_is_warm() -> Iterator[None]:
    """Let `tests.warm.TWTOP` work."""
    with warm.serving():
        yield


@pytest.fixture
def namespaces(pytestconfig: pytest.Config) -> None:
    """Skip where private network namespaces are impossible."""
    if reason := pytestconfig.stash.get(_refused, None):
        pytest.skip(reason)


@pytest.fixture
def lab(request: pytest.FixtureRequest) -> Iterator[Lab]:
    """Two joined hosts of our own, fresh for every test."""
    request.getfixturevalue("namespaces")
    with Lab() as fresh:
        yield fresh


@pytest.fixture
def in_new_process(request: pytest.FixtureRequest) -> Callable[[str], str]:
    """Run a script in a process of its own, because it changes the whole process; return its output."""
    request.getfixturevalue("namespaces")

    def run(script: str) -> str:
        ended = subprocess.run(
            [sys.executable, "-W", "error", "-c", textwrap.dedent(script)],
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        return ended.stdout.strip()

    return run
