"""Header and strip: never wider than the window, and every state always there."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult

from tests.core.build import unhurried
from twtop.core.signs import ASCII, UNICODE
from twtop.core.states import State
from twtop.ui.header import Header, Status
from twtop.ui.own_cost import OwnCost
from twtop.ui.strip import StateStrip, lines_needed

if TYPE_CHECKING:
    import pytest

PROBLEM = (
    "NETLINK_SOCK_DIAG is forbidden here (seccomp, SELinux or a container policy): reading /proc/net/tcp"
)
STATUS = Status("web-3", "6.18.0", "host", 1.0, wall_s=1.8e9, own_cost="cpu 3% 74M")

texts = st.text(st.characters(exclude_categories=["C", "Z"]), max_size=60)
statuses = st.builds(
    Status,
    host=texts,
    kernel=texts,
    interval_s=st.floats(0.1, 1e4),
    stretched=st.booleans(),
    frozen=st.booleans(),
    filter=st.none() | texts,
    matching=st.integers(0, 10**6),
    total=st.integers(0, 10**6),
    own_cost=texts,
    problems=st.lists(texts, max_size=3).map(tuple),
)


class Panels(App[None]):
    CSS = "Header, StateStrip { overflow: hidden; scrollbar-size: 0 0; }"

    def compose(self) -> ComposeResult:
        yield Header(UNICODE)
        yield StateStrip()


@unhurried
@given(statuses, st.integers(0, 200), st.sampled_from((UNICODE, ASCII)))
def test_no_line_of_the_header_is_longer_than_the_window(status: Status, width: int, signs: object) -> None:
    header = Header(signs)  # type: ignore[arg-type]
    header.show(status)
    for number in range(header.line_count):
        assert len("".join(text for text, _ in header.line(number, width))) <= width


async def test_the_header_says_all_of_a_problem_at_every_width() -> None:
    app = Panels()
    async with app.run_test(size=(80, 24)) as pilot:
        header = app.query_one(Header)
        header.show(replace(STATUS, problems=(PROBLEM,)))
        for width in (200, 80, 40, 23):
            await pilot.resize_terminal(width, 24)
            await pilot.pause()
            lines = ["".join(text for text, _ in header.line(n, width)) for n in range(header.line_count)]
            assert "".join("".join(lines[1:]).split()) == "!" + "".join(PROBLEM.split())
            assert all(len(line) <= width for line in lines)
            assert header.size.height == min(header.line_count, 24)


async def test_the_strip_shows_every_state_at_every_width() -> None:
    app = Panels()
    counts, deltas = [0] * 16, [0] * 16
    for at, state in enumerate(State):
        counts[state], deltas[state] = 10**at % 999_983, (-7) ** at % 20_000 - 10_000
    async with app.run_test(size=(80, 24)) as pilot:
        strip = app.query_one(StateStrip)
        for width in (*range(20, 90, 3), 90, 120, 149, 200, 230, 300):
            await pilot.resize_terminal(width, 24)
            await pilot.pause(0)
            strip.show(counts, deltas)
            lines = ["".join(text for text, _ in strip.line(n, width)) for n in range(strip.line_count)]
            assert strip.line_count == lines_needed(width)
            assert all(len(line) <= width for line in lines)
            for state in State:
                number = f"{counts[state]:,}"
                shown = number if len(number) <= 7 else f"{counts[state] // 1000}k"
                assert any(f"{state.label} " in line and f" {shown}" in line for line in lines), (
                    width,
                    state,
                )
            assert strip._columns()[-1][0] >= 0


def test_the_own_cost_is_not_measured_over_moments(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("twtop.ui.own_cost.time.monotonic", lambda: now)
    cost = OwnCost()
    monkeypatch.setattr(cost, "_cpu", lambda: cost._cpu_s + 0.05)
    assert cost.text() == ""
    now += 1.0
    text = cost.text()
    assert text.startswith("cpu 5% ")
    assert text.endswith("M")
    now += 0.01
    assert cost.text() == text
