"""Pictures of the main screens of a host that never changes; ``pytest --snapshot-update`` draws them anew."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.ui.pictures import SIZES, Scene, act, recorded_app

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.usefixtures("still")

SCENES = {
    "groups": Scene(),
    "sockets": Scene(":8080<192.0.2.40", ("enter", "down", "down")),
    "ports": Scene("10.0.0.5:5432", panel="p"),
    "why": Scene("CLOSE-WAIT", panel="y"),
    "explain": Scene("FIN-WAIT-2", ("e",)),
    "filter-with-error": Scene("", ("slash", *" and sport = :htpp"), "state time-wait"),
    "group": Scene("", ("g", "down", "3")),
    "help": Scene("", ("question_mark",)),
    "drain": Scene("10.0.0.5:5432", ("d",), shows="back within"),
    "findings": Scene("", ("f",), shows="Cause"),
    "budgets": Scene("", ("b",), shows="WHAT IF"),
    "diagram": Scene("", ("v",), shows="SYN-SENT"),
    "counters": Scene("", ("m",), shows="ActiveOpens"),
    "details": Scene(
        "10.0.0.5:5432", ("enter", "down", "space", "enter", "tab"), "state estab", shows="3rd try"
    ),
    "frozen": Scene("LISTEN", ("space",), "listening or close-wait"),
}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("name", SCENES)
def test_picture(snap_compare: Callable[..., bool], name: str, size: tuple[int, int]) -> None:
    scene = SCENES[name]
    app = recorded_app(scene.filter)
    assert snap_compare(app, terminal_size=size, run_before=lambda pilot: act(scene, pilot))


@pytest.mark.parametrize("size", [(40, 10), (20, 5)], ids=["40x10", "20x5"])
def test_picture_of_a_small_window(snap_compare: Callable[..., bool], size: tuple[int, int]) -> None:
    assert snap_compare(recorded_app(), terminal_size=size, run_before=lambda pilot: act(Scene(), pilot))


def test_picture_without_unicode(snap_compare: Callable[..., bool], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "linux")
    scene = Scene("10.0.0.5:5432", panel="p")
    assert snap_compare(recorded_app(), run_before=lambda pilot: act(scene, pilot))
