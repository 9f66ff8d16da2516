"""The pane in an application: scrolling, links, and what stays while numbers change."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, ClassVar

import pytest
from rich.cells import cell_len
from textual.app import App, ComposeResult
from textual.binding import Binding, BindingType
from textual.events import MouseScrollDown
from textual.widgets import Input

from tests.knowledge.hosts import host
from twtop.core.signature import RowSignature
from twtop.core.signs import ASCII, UNICODE
from twtop.core.states import State
from twtop.knowledge.explain import explain_column, explain_state, explain_sysctl
from twtop.ui import styles
from twtop.ui.explanation.layout import Link, Page, lay_out
from twtop.ui.explanation.pane import ExplainPane

if TYPE_CHECKING:
    from twtop.core.signs import Signs
    from twtop.knowledge.explanation import Explanation
    from twtop.knowledge.facts import HostFacts

ORPHANS = RowSignature("zero", frozenset({3}), role="client", count=300)
SIZE = (80, 9)


class Host(App[None]):
    """A field that has the focus, above a pane of eight lines."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape", "escape")]
    CSS = "Input { height: 1; border: none; } ExplainPane { height: 1fr; }"

    def __init__(self, signs: Signs = UNICODE) -> None:
        super().__init__()
        self.pane = ExplainPane(signs)
        self.opened: list[str] = []
        self.escapes = 0

    def compose(self) -> ComposeResult:
        yield Input()
        yield self.pane

    def on_mount(self) -> None:
        self.pane.explain(page(State.FIN_WAIT_2), host())

    def on_explain_pane_opened(self, message: ExplainPane.Opened) -> None:
        self.opened.append(message.topic)

    def action_escape(self) -> None:
        self.escapes += 1


def page(state: State, facts: HostFacts | None = None, row: RowSignature | None = ORPHANS) -> Explanation:
    return explain_state(state, facts or host(), row)


def shown(pane: ExplainPane) -> list[str]:
    """The lines of the pane as they are drawn."""
    return ["".join(s.text for s in pane.render_line(y)).rstrip() for y in range(pane.content_size.height)]


def selected(pane: ExplainPane) -> list[str]:
    """What is drawn as selected below the heading."""
    lines = [pane.render_line(y) for y in range(1, pane.content_size.height)]
    return [s.text for line in lines for s in line if s.style and s.style.reverse]


def link_text(laid_out: Page, link: Link) -> str:
    return "".join(piece.text for line in laid_out.lines for piece in line if piece.link == link)


def distinct(items: list[str]) -> list[str]:
    """Leave out what is the same as the one before."""
    return [item for item, _ in groupby(items)]


async def test_the_first_line_is_the_title_and_how_far_down_the_reader_is() -> None:
    app = Host()
    async with app.run_test(size=SIZE):
        lines = shown(app.pane)
        assert lines[0].startswith("FIN-WAIT-2: we closed, the peer's application has not  ")
        assert lines[0].endswith(f" 1/{-(-(app.pane.line_count - 1) // 7)} ▼")
        assert lines[1].startswith("These sockets  Orphan: the peer's application has not closed.")


async def test_pages_follow_each_other_without_a_gap() -> None:
    app = Host()
    async with app.run_test(size=SIZE) as pilot:
        seen = shown(app.pane)[1:]
        for _ in range(20):
            app.pane.page(1)
            await pilot.pause()
            if shown(app.pane)[0].endswith("▲"):
                break
            seen += shown(app.pane)[1:]
        laid_out = lay_out(page(State.FIN_WAIT_2), 80, UNICODE).lines
        every = ["".join(piece.text for piece in line) for line in laid_out]
        assert every[: len(seen)] == seen
        assert shown(app.pane)[-1] == every[-1]
        app.pane.page(-100)
        await pilot.pause()
        assert shown(app.pane)[1].startswith("These sockets")


async def test_a_page_that_fits_has_no_position() -> None:
    app = Host()
    async with app.run_test(size=(80, 40)):
        app.pane.explain(explain_column("sockets", host()), host())
        assert shown(app.pane)[0] == "sockets: how many sockets the row stands for"


async def test_new_numbers_keep_the_place_and_another_topic_does_not() -> None:
    app = Host()
    async with app.run_test(size=SIZE) as pilot:
        app.pane.page(1)
        await pilot.pause()
        place = app.pane.scroll_offset.y
        assert place == 7
        changed = host({"tcp_fin_timeout": "75"})
        app.pane.explain(page(State.FIN_WAIT_2, changed), changed)
        await pilot.pause()
        assert app.pane.scroll_offset.y == place
        assert "(T - 60): 15 s as a full socket" in " ".join(" ".join(shown(app.pane)).split())
        app.pane.explain(page(State.TIME_WAIT), host())
        await pilot.pause()
        assert app.pane.scroll_offset.y == 0
        assert shown(app.pane)[0].startswith("TIME-WAIT: ")


async def test_a_shorter_page_leaves_no_reader_below_its_end() -> None:
    app = Host()
    async with app.run_test(size=SIZE) as pilot:
        app.pane.page(100)
        await pilot.pause()
        owned = RowSignature("nonzero", frozenset({0}))
        app.pane.explain(page(State.FIN_WAIT_2, row=owned), host())
        await pilot.pause()
        assert shown(app.pane)[-1].startswith("        - tcp(7)")
        assert app.pane.scroll_offset.y == app.pane.line_count - 8


async def test_another_width_breaks_the_lines_anew() -> None:
    app = Host()
    async with app.run_test(size=SIZE) as pilot:
        wide = app.pane.line_count
        await pilot.resize_terminal(30, 9)
        assert app.pane.line_count > wide
        assert all(cell_len(line) <= 30 for line in shown(app.pane))
        await pilot.resize_terminal(3, 3)
        assert shown(app.pane)[0].strip()


async def test_keys_are_left_alone_without_the_focus() -> None:
    app = Host()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("down", "enter", "j", "pagedown", "end", "escape")
        assert app.pane.scroll_offset.y == 0
        assert not app.opened
        assert app.query_one(Input).value == "j"
        assert selected(app.pane) == []


async def test_links_are_selected_opened_and_left_again() -> None:
    app = Host()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("tab", "down")
        assert selected(app.pane) == ["tcp_fin_timeout"]
        assert app.opened == []
        await pilot.press("enter")
        assert app.opened == ["net.ipv4.tcp_fin_timeout"]
        lines = shown(app.pane)
        assert lines[0].startswith("FIN-WAIT-2 → net.ipv4.tcp_fin_timeout: life of orphans in FIN-WAIT-2")
        assert lines[1].startswith("Here    net.ipv4.tcp_fin_timeout = 60 (default)")
        await pilot.press("down", "right")
        assert app.opened[1:] == ["fin-timeout-90"]
        await pilot.press("backspace", "left")
        assert shown(app.pane)[0].startswith("FIN-WAIT-2: ")
        assert selected(app.pane) == ["tcp_fin_timeout"]


async def test_a_myth_opens_its_page_and_that_leads_back_to_where_it_belongs() -> None:
    app = Host()
    async with app.run_test(size=(80, 60)) as pilot:
        app.pane.explain(explain_sysctl("tcp_fin_timeout", host()), host())
        await pilot.press("tab")
        while selected(app.pane) != ["fin-timeout"]:
            before = selected(app.pane)
            await pilot.press("down")
            assert selected(app.pane) != before
        await pilot.press("enter")
        assert app.opened == ["fin-timeout"]
        assert 'fin-timeout: the myth "lower tcp_fin_timeout' in shown(app.pane)[0]
        assert shown(app.pane)[1].startswith("In fact it changes FIN-WAIT-2")
        assert "          $ sysctl -w net.ipv4.tcp_fin_timeout=5" in shown(app.pane)


async def test_going_back_returns_to_the_same_place() -> None:
    app = Host()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("tab", "pagedown", "pagedown", "down")
        place, link = app.pane.scroll_offset.y, selected(app.pane)
        await pilot.press("enter")
        assert app.pane.scroll_offset.y == 0
        await pilot.press("escape")
        assert (app.pane.scroll_offset.y, selected(app.pane)) == (place, link)
        assert link


async def test_the_first_page_leaves_escape_to_the_application() -> None:
    app = Host()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("tab", "down", "enter", "escape")
        assert app.escapes == 0
        await pilot.press("escape")
        assert app.escapes == 1


async def test_every_line_and_link_can_be_reached_with_one_key() -> None:
    app = Host()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("tab")
        met: list[str] = []
        seen = set(shown(app.pane)[1:])
        for _ in range(200):
            app.pane.action_move(1)
            seen.update(shown(app.pane)[1:])
            met.append("".join(selected(app.pane)))
        page_of_80 = lay_out(page(State.FIN_WAIT_2), 80, UNICODE)
        assert distinct(met) == distinct([link_text(page_of_80, link) for link in page_of_80.links])
        assert seen >= {"".join(piece.text for piece in line) for line in page_of_80.lines}
        for _ in range(200):
            app.pane.action_move(-1)
        assert app.pane.scroll_offset.y == 0
        assert selected(app.pane) == met[:1]


async def test_what_was_opened_stays_open_with_new_numbers() -> None:
    app = Host()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("tab", "down", "enter")
        changed = host({"tcp_fin_timeout": "75"})
        app.pane.explain(page(State.FIN_WAIT_2, changed), changed)
        await pilot.pause()
        assert "net.ipv4.tcp_fin_timeout = 75 (default 60)" in shown(app.pane)[1]
        app.pane.explain(page(State.ESTAB), host())
        await pilot.pause()
        assert shown(app.pane)[0].startswith("ESTAB: ")
        await pilot.press("escape")
        assert shown(app.pane)[0].startswith("ESTAB: ")


async def test_a_link_out_of_sight_is_not_opened() -> None:
    app = Host()
    async with app.run_test(size=SIZE) as pilot:
        await pilot.press("tab", "down", "end", "enter")
        assert app.opened == []
        await pilot.press("home", "enter")
        assert app.opened == ["net.ipv4.tcp_fin_timeout"]


async def test_a_click_opens_and_the_wheel_scrolls() -> None:
    app = Host()
    async with app.run_test(size=SIZE) as pilot:
        row = next(y for y, line in enumerate(shown(app.pane)) if "tcp_fin_timeout" in line)
        column = shown(app.pane)[row].index("tcp_fin_timeout")
        await pilot.click(ExplainPane, offset=(column - 1, row))
        assert app.opened == []
        await pilot.click(ExplainPane, offset=(column, row))
        assert app.opened == ["net.ipv4.tcp_fin_timeout"]
        app.pane.explain(page(State.TIME_WAIT), host())
        await pilot._post_mouse_events([MouseScrollDown], ExplainPane, (5, 3))
        assert app.pane.scroll_offset.y > 0


async def test_the_focus_is_seen() -> None:
    app = Host()
    async with app.run_test(size=SIZE) as pilot:
        assert app.pane.line(0, 80)[0][1] == styles.TITLE
        await pilot.press("tab")
        assert app.pane.line(0, 80)[0][1] == styles.CURSOR


@pytest.mark.parametrize("state", State)
async def test_a_plain_terminal_gets_plain_characters(state: State) -> None:
    app = Host(ASCII)
    async with app.run_test(size=(40, 9)) as pilot:
        app.pane.explain(page(state), host())
        await pilot.press("tab", *["down"] * 6, "enter")
        assert all(line.isascii() for line in shown(app.pane))


async def test_a_hidden_pane_is_up_to_date_when_it_appears() -> None:
    app = Host()
    async with app.run_test(size=SIZE) as pilot:
        app.pane.display = False
        await pilot.pause()
        app.pane.explain(page(State.LISTEN), host())
        app.pane.display = True
        await pilot.pause()
        assert shown(app.pane)[0].startswith("LISTEN: ")
