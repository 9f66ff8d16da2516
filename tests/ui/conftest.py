from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest
from textual.css.stylesheet import Stylesheet

from tests.ui.frames import SECONDS, WALL_S, frames
from twtop.core.states import State
from twtop.lab.host import endpoint
from twtop.lab.specimen import wait_for_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from textual.css.model import RuleSet

    from twtop.lab.host import Host
    from twtop.lab.lab import Lab


@pytest.fixture(scope="session", autouse=True)
def parsed_once() -> Iterator[None]:
    """Read each style sheet once in a process: that took a fifth of the time of every app that is started."""
    parse = Stylesheet._parse_rules
    parsed: dict[object, list[RuleSet]] = {}

    def parse_once(sheet: Stylesheet, css: str, *read_from: Any, **scope: Any) -> list[RuleSet]:
        key = (css, read_from, *scope.items(), *sheet._variables.items())
        if key not in parsed:
            parsed[key] = parse(sheet, css, *read_from, **scope)
        return parsed[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Stylesheet, "_parse_rules", parse_once)
        yield


@pytest.fixture(autouse=True)
def without_estimates() -> Iterator[None]:
    """Let nobody find what another test made twtop reckon of the time before the recorded frames."""
    yield
    if frames.cache_info().currsize:
        frames()[0].history._estimates.clear()


@pytest.fixture
def still(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let clock, time zone and terminal be the same wherever and whenever a picture is taken."""
    for name, value in {"TZ": "UTC", "TERM": "xterm-256color", "LC_ALL": "C.UTF-8"}.items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setattr(time, "time", lambda: WALL_S + SECONDS)
    time.tzset()


@pytest.fixture
def server(lab: Lab) -> Host:
    """A host where nothing changes by itself: 7 served connections, 3 leaked ones, 2 that wait."""
    listener, slow = lab.server.listen(8080), lab.server.listen(5432)
    for number in range(10):
        client = lab.client.connect(*endpoint(listener))
        accepted = lab.server.accept(listener)
        if number < 3:
            client.close()
            wait_for_state(accepted, State.CLOSE_WAIT)
    for _ in range(2):
        lab.client.connect(*endpoint(slow))
    return lab.server


NAMES = [
    "▾ ESTAB",
    "  ▸ :8080<10.77.0.1",
    "  ▸ :5432<10.77.0.1",
    "▾ CLOSE-WAIT",
    "  ▸ :8080<10.77.0.1",
    "▾ LISTEN",
    "  ▸ 10.77.0.2:5432",
    "  ▸ 10.77.0.2:8080",
]
"""The table of `server` when it opens."""
