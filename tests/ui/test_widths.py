"""Header and strip: never wider than the window, and every state always there."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult

from tests.core.build import unhurried
from twtop.core.signs import ASCII, UNICODE
from twtop.core.states import State
from twtop.ui.header import Header, Status
from twtop.ui.own_cost import OwnCost
from twtop.ui.strip import StateStrip, lines_needed

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
        yield StateStrip(UNICODE)


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
                shown = (f"{counts[state]:,}", f"{counts[state] // 1000}k")
                cells = (f"{state.label}{' ' * gap}{number}" for gap in range(1, 7) for number in shown)
                assert any(cell in line for cell in cells for line in lines), (width, state)
            assert strip._columns()[-1][0] >= 0


@pytest.mark.parametrize(
    ("count", "change", "shown"),
    [
        (27_911, -265, "27k -265"),
        (27_911, 0, "27k"),
        (131_072, 12_345, "131k +12k"),
        (3_785, -89, "3,785 -89"),
        (3_785, -265, "3,785 ▼"),
        (42, 1_234, "42 +1,234"),
        (999_983, 2_400, "999k ▲"),
    ],
)
async def test_a_change_has_room_beside_a_large_count(count: int, change: int, shown: str) -> None:
    app = Panels()
    async with app.run_test(size=(80, 24)):
        strip = app.query_one(StateStrip)
        for state in (State.TIME_WAIT, State.ESTAB):
            strip.show(
                [count if at == state else 0 for at in range(16)],
                [change if at == state else 0 for at in range(16)],
            )
            lines = ["".join(text for text, _ in strip.line(n, 80)) for n in range(strip.line_count)]
            assert any(f" {shown} " in f"{line} " for line in lines), lines


async def test_a_wide_strip_shows_every_digit() -> None:
    app = Panels()
    async with app.run_test(size=(200, 24)):
        strip = app.query_one(StateStrip)
        strip.show([27_911] * 16, [-1_265] * 16)
        assert "".join(text for text, _ in strip.line(0, 200)).count("27,911 -1,265") == 6


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (80, "LIVE   08:00:00  1.0s  twtop web-3  Linux 6.18.0  ns host  cpu 3% 74M"),
        (70, "LIVE   08:00:00  1.0s  web-3  Linux 6.18.0  ns host  cpu 3% 74M"),
        (60, "LIVE   08:00:00  1.0s  web-3  ns host  cpu 3% 74M"),
        (45, "LIVE   08:00:00  1.0s  web-3  cpu 3% 74M"),
        (40, "LIVE   08:00:00  1.0s  web-3"),
        (25, "LIVE   08:00:00  1.0s"),
        (20, "LIVE   08:00:00"),
        (10, "LIVE"),
    ],
)
def test_the_first_line_leaves_out_whole_words(
    width: int, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("twtop.ui.header.time.localtime", time.gmtime)
    header = Header(UNICODE)
    header.show(STATUS)
    assert "".join(text for text, _ in header.line(0, width)).rstrip() == expected


def test_nothing_in_the_first_line_comes_and_goes_with_a_digit() -> None:
    header = Header(UNICODE)
    for width in range(10, 100):
        shown = set()
        for cost in ("cpu 3% 74M", "cpu 12% 100M"):
            header.show(replace(STATUS, own_cost=cost))
            shown.add("".join(text for text, _ in header.line(0, width)).partition("cpu")[0].rstrip())
        assert len(shown) == 1


@pytest.mark.parametrize(
    ("width", "expected"),
    [
        (80, "filter      11 of 14: state close-wait and sport = :8080  (esc clears)"),
        (60, "filter      11 of 14: state close-wait and sport = :8080"),
        (45, "filter      11 of 14: state close-wait and s…"),
        (35, "11 of 14: state close-wait and spo…"),
        (20, "state close-wait an…"),
    ],
)
def test_a_filter_keeps_room_for_itself(width: int, expected: str) -> None:
    header = Header(UNICODE)
    header.show(replace(STATUS, filter="state close-wait and sport = :8080", matching=11, total=14))
    assert "".join(text for text, _ in header.line(1, width)) == expected


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
