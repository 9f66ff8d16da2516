from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st
from textual.app import App

from tests.core.build import snapshots, unhurried
from tests.core.ports.test_plot_data import CAPACITY, client, closed_at
from twtop.core.ports.history import PortHistory
from twtop.core.ports.plot_data import summarise
from twtop.core.ports.usage import Destination, port_usage
from twtop.core.signs import ASCII, UNICODE
from twtop.lab.limits import FIRST_PORT, bind_then_connect, exhaust_ports
from twtop.sources.live import LiveSource
from twtop.ui.ports import panel as panel_module
from twtop.ui.ports.layout import Look, layout
from twtop.ui.ports.panel import PortPlot
from twtop.ui.ports.plotter import Plotter

if TYPE_CHECKING:
    from textual.app import ComposeResult

    from twtop.core.ports.plot_data import PlotData
    from twtop.core.snapshot import Snapshot
    from twtop.lab.lab import Lab

BRAILLE, PLAIN = Plotter(braille=True), Plotter(braille=False)
OTHER = Destination(0, 0xFFFF_0A00_0001, 0, 0xFFFF_0A00_0002, 5432)


def gathered(now: Snapshot, chosen: Destination | None = None) -> PlotData:
    history, ports = PortHistory(), port_usage(now)
    history.add(now.instant_s, ports, now.sockets)
    return summarise(now, ports, history, chosen)


def texts(data: PlotData, width: int, height: int, look: Look | None = None) -> list[str]:
    lines = layout(data, width, height, look or Look(UNICODE, BRAILLE))
    return ["".join(text for text, _ in parts) for parts in lines]


@unhurried
@given(snapshots, st.integers(0, 220), st.integers(0, 40), st.sampled_from((None, OTHER)), st.booleans())
def test_nothing_is_wider_or_higher_than_asked(
    now: Snapshot, width: int, height: int, chosen: Destination | None, unicode: bool
) -> None:
    look = Look(UNICODE, BRAILLE) if unicode else Look(ASCII, PLAIN)
    lines = texts(gathered(now, chosen), width, height, look)
    assert len(lines) <= height
    assert all(len(line) <= width for line in lines)
    assert unicode or "".join(lines).isascii()


def test_at_a_glance() -> None:
    lines = texts(gathered(client(closed_at(50, 40))), 80, 8)
    assert "2,000 of 2,800 ports (71%)  past half: connect() slow" in lines[0]
    assert lines[1].startswith("rising 50/s  full in 16 s  TIME-WAIT 2,000  0 back within 10 s")
    assert lines[2].startswith(" limit 2,800 \u2809")
    assert lines[4].startswith("  half 1,400 ")
    assert lines[5].startswith("           0 ")
    assert lines[6].split() == [
        "-60s",
        "estimated",
        "now",
        "\u25b2",
        "same",
        "rate",
        "\u25bc",
        "none",
        "new",
        "+60s",
    ]
    assert lines[7].startswith("range 20000-22799")


def test_before_half_both_times_are_told() -> None:
    assert "half in 8 s, full in 36 s" in texts(gathered(client(closed_at(50, 20))), 80, 8)[1]


def test_full_is_a_word() -> None:
    assert "(100%)  full: connect() fails" in texts(gathered(client([30_000] * CAPACITY)), 80, 8)[0]


def test_where_usage_is_low_the_picture_shows_the_lower_part_and_says_where_half_is() -> None:
    lines = texts(gathered(client([], 30)), 80, 8)
    assert "connect() slow from 1,400" in lines[1]
    assert lines[2].lstrip().startswith("50")
    assert not any("limit" in line for line in lines)


def test_two_destinations_stand_side_by_side_where_there_is_room() -> None:
    data = gathered(client(closed_at(50, 40)), OTHER)
    assert all("10.0.0.2:5432" in texts(data, width, 24)[line] for width, line in ((120, 0), (80, 12)))
    assert "0.0.0.0:443" in texts(data, 120, 24)[0]


def test_what_does_not_fit_the_title_leads_the_next_line() -> None:
    title, course, *_ = texts(gathered(client(closed_at(50, 40))), 59, 24)
    assert title == "0.0.0.0 \u2192 0.0.0.0:443  2,000 of 2,800 ports (71%)"
    assert course == "past half: connect() slow  rising 50/s  full in 16 s"


def test_in_a_low_panel_the_busiest_is_told_in_one_line() -> None:
    lines = texts(gathered(client(closed_at(50, 40)), OTHER), 80, 8)
    assert "10.0.0.2:5432" in lines[0]
    assert "2,000 of 2,800" in lines[6]
    assert lines[7].startswith("range")


@pytest.mark.parametrize("chosen", [None, OTHER])
@pytest.mark.parametrize("width", [80, 120])
def test_ascii_signs_tell_the_curves_apart(width: int, chosen: Destination | None) -> None:
    drawn = "".join(texts(gathered(client(closed_at(50, 40)), chosen), width, 24, Look(ASCII, PLAIN)))
    assert drawn.isascii()
    assert all(sign in drawn for sign in ".#+o=-")


def test_without_plotext_there_are_words() -> None:
    data = gathered(client(closed_at(50, 40)))
    assert "past half" in texts(data, 80, 8, Look(UNICODE, None))[0]
    assert "no wheel" in "".join(texts(data, 80, 8, Look(UNICODE, None, note="no wheel")))


def test_without_client_sockets_it_says_what_would_be_here() -> None:
    lines = texts(gathered(client()), 80, 8)
    assert lines[0] == "No client socket uses a port of the range 20000-22799 now."
    assert lines[2] == "1,400 make connect() slow, 2,800 make it fail."


def test_a_picture_moves_by_whole_columns() -> None:
    """Within a step of 2 s a steady load draws the same picture again."""
    before, after = (
        texts(gathered(client([], 2000, instant_s=instant_s)), 80, 24)[2:-2] for instant_s in (100.0, 101.9)
    )
    assert before == after


def test_exhausted_ports_of_the_kernel(lab: Lab) -> None:
    exhaust_ports(lab, 10)
    with lab.client.entered(), LiveSource() as source:
        lines = texts(gathered(source.take()), 120, 8)
    assert "10 of 10 ports (100%)  full: connect() fails" in lines[0]
    assert f"range {FIRST_PORT}-{FIRST_PORT + 9}" in lines[7]


def test_a_pool_of_ports_bound_first(lab: Lab) -> None:
    lab.client.sysctl("net.ipv4.ip_local_port_range", "40000 40999")
    bind_then_connect(lab)
    with lab.client.entered(), LiveSource() as source:
        lines = texts(gathered(source.take()), 120, 8)
    assert f"bind pool {lab.client.address()}: 1 of 1,000" in lines[-1]


class PanelApp(App[None]):
    CSS = "PortPlot { height: 1fr; }"

    def compose(self) -> ComposeResult:
        yield PortPlot(UNICODE)


async def test_the_panel_speaks_first_and_draws_when_it_can() -> None:
    app = PanelApp()
    async with app.run_test(size=(80, 8)) as pilot:
        panel = app.query_one(PortPlot)
        panel.show(gathered(client(closed_at(50, 40))))
        assert "past half" in panel.render_line(0).text
        await app.workers.wait_for_complete()
        assert "limit 2,800" in panel.render_line(2).text
        panel.show(gathered(client([], 1500)), present="frozen")
        assert "frozen" in panel.render_line(6).text
        await pilot.resize_terminal(100, 20)
        await pilot.pause()
        assert panel.render_line(0).cell_length == 100
        assert "range" in panel.render_line(19).text


async def test_the_panel_says_why_it_cannot_draw(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*, braille: bool) -> Plotter:  # noqa: ARG001 - as Plotter takes it
        raise OSError("kernel.so: no such file")

    monkeypatch.setattr(panel_module, "Plotter", missing)
    app = PanelApp()
    async with app.run_test(size=(80, 8)):
        panel = app.query_one(PortPlot)
        panel.show(gathered(client([], 1500)))
        await app.workers.wait_for_complete()
        assert "kernel.so: no such file" in panel.render_line(2).text
