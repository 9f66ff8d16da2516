"""The keys of the main screen."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.command import CommandPalette

from tests.ui.conftest import NAMES
from tests.ui.keys import pressing
from tests.ui.screen import options, screen
from twtop.core.table.fields import FIELDS
from twtop.lab.host import endpoint
from twtop.ui.explanation.pane import ExplainPane
from twtop.ui.explanation.screen import ExplainScreen
from twtop.ui.filter_bar import FilterBar
from twtop.ui.group_screen import GroupScreen
from twtop.ui.help_screen import HelpScreen
from twtop.ui.table.heading import Heading

if TYPE_CHECKING:
    from tests.ui.screen import Screen
    from twtop.lab.host import Host

DESCENDING, ASCENDING = "▼", "▲"


def sorted_by(user: Screen) -> str:
    """The title that has the mark, without the mark."""
    titles = "".join(text for text, _ in user.app.query_one(Heading).line(0, 200)).split()
    marked = [title[1:] for title in titles if title[0] in DESCENDING + ASCENDING]
    assert len(marked) == 1
    return marked[0]


@pressing("app", "slash")
async def test_slash_begins_to_type_a_filter(server: Host, key: str) -> None:
    async with screen(server) as user:
        assert not user.app.query_one(FilterBar).display
        await user.press(key)
        assert user.app.query_one(FilterBar).display
        assert user.app.focused is not None
        assert user.app.focused.id == "filter-input"


@pressing("app", "escape", "x")
async def test_the_filter_can_be_cleared(server: Host, key: str) -> None:
    async with screen(server, options("listening")) as user:
        assert user.names == NAMES[5:]
        await user.press(key)
        await user.until(lambda: user.names == NAMES, "all sockets")
        assert not any("filter" in line for line in user.header)
        assert user.app.query_one(FilterBar).text == ""


@pressing("app", "g")
async def test_g_asks_for_grouping_keys(server: Host, key: str) -> None:
    async with screen(server) as user:
        await user.press(key)
        assert isinstance(user.app.screen, GroupScreen)


@pressing("app", "s", "greater_than_sign")
async def test_sort_by_each_next_column(server: Host, key: str) -> None:
    titles = [field.title for field in FIELDS.values()]
    async with screen(server) as user:
        seen = [sorted_by(user)]
        for _ in titles:
            await user.press(key)
            seen.append(sorted_by(user))
        assert seen == [*titles, titles[0]]


@pressing("app", "S", "less_than_sign")
async def test_sort_by_the_column_before(server: Host, key: str) -> None:
    async with screen(server) as user:
        await user.press(key)
        assert sorted_by(user) == "RQ/SQ"
        # Listeners: 2 connections wait, and the backlogs are 128 each.
        await user.until(lambda: user.names[0] == "▾ LISTEN", "the longest queues first")
        await user.press(key)
        assert sorted_by(user) == "0..life"


@pressing("app", "r")
async def test_reverse(server: Host, key: str) -> None:
    async with screen(server) as user:
        await user.press(key)
        await user.until(lambda: user.names[0] == "▾ LISTEN", "the least first")
        assert [name for name in user.names if not name.startswith(" ")] == [
            "▾ LISTEN",
            "▾ CLOSE-WAIT",
            "▾ ESTAB",
        ]
        assert f"{ASCENDING}SOCKETS" in "\n".join(user.text)
        await user.press(key)
        await user.until(lambda: user.names == NAMES)


@pressing("app", "space")
async def test_freeze_holds_the_view_while_collecting_goes_on(server: Host, key: str) -> None:
    async with screen(server) as user:
        assert user.header[0].startswith("LIVE ")
        await user.press(key)
        frozen, rows = user.frames, user.rows
        assert user.header[0].startswith("FROZEN ")
        server.peer.connect(*endpoint(server.listen(6000)))

        def newest() -> float:
            return user.app._newest.moment.snapshot.instant_s if user.app._newest else 0.0

        await user.until(lambda: newest() > frozen + 0.3, "frames beside the frozen one")
        assert (user.frames, user.rows) == (frozen, rows)
        assert user.counts["LISTEN"] == 2
        await user.press(key)
        await user.until(lambda: user.frames >= newest(), "the newest frame")
        assert user.header[0].startswith("LIVE ")
        await user.until(lambda: user.counts["LISTEN"] == 3)


async def test_a_frozen_view_can_be_filtered_sorted_and_unfolded(server: Host) -> None:
    async with screen(server) as user:
        await user.press("space")
        frozen = user.frames
        await user.press("slash", *"close-wait", "enter")
        await user.until(lambda: user.names == NAMES[3:5], "the filtered view")
        await user.press("r", "end", "enter")
        await user.until(lambda: len(user.names) == 2 + 3, "three sockets")
        assert user.frames == frozen


@pressing("app", "p")
async def test_ports_shows_and_hides_the_plot(server: Host, key: str) -> None:
    await shows_and_hides(server, key, "#ports")


@pressing("app", "y")
async def test_why_shows_and_hides_the_explanation(server: Host, key: str) -> None:
    await shows_and_hides(server, key, "#why")


async def shows_and_hides(server: Host, key: str, panel: str) -> None:
    async with screen(server) as user:
        shown = []
        for _ in range(3):
            shown.append(user.app.query_one(panel).size.height > 0)
            await user.press(key)
            await user.pilot.pause()
        assert shown == [False, True, False]
    async with screen(server, size=(200, 50)) as user:
        assert user.app.query_one(panel).size.height > 0
        await user.press(key)
        await user.pilot.pause()
        assert user.app.query_one(panel).size.height == 0


async def test_the_panels_take_each_others_place_where_there_is_no_room_for_both(server: Host) -> None:
    async with screen(server) as user:
        await user.press("p", "y")
        await user.pilot.pause()
        assert user.app.query_one("#why").size.height > 0
        assert user.app.query_one("#ports").size.height == 0


@pressing("app", "e")
async def test_explain_fills_the_screen(server: Host, key: str) -> None:
    async with screen(server) as user:
        await user.until(lambda: user.app.query_one(ExplainPane).trail.start)
        await user.press("down", "down", "down", key)
        assert isinstance(user.app.screen, ExplainScreen)
        await user.until(lambda: "CLOSE-WAIT" in user.text[0], "the explanation")
        await user.press(key)
        assert not isinstance(user.app.screen, ExplainScreen)


async def test_where_nothing_is_listed_nothing_is_explained(server: Host) -> None:
    async with screen(server) as user:
        await user.press("y")
        pane = user.app.query_one(ExplainPane)
        await user.until(lambda: pane.line_count > 10, "an explanation")
        await user.press("slash", *"sport = :1", "enter")
        await user.until(lambda: pane.line_count == 0, "nothing")
        await user.press("e")
        assert not isinstance(user.app.screen, ExplainScreen)
        await user.until(lambda: any("nothing under the cursor" in line for line in user.text), "a word")


@pressing("app", "right_square_bracket", "left_square_bracket")
async def test_the_explanation_is_paged_from_the_table(server: Host, key: str) -> None:
    async with screen(server) as user:
        await user.press("y")
        pane = user.app.query_one(ExplainPane)
        await user.until(lambda: pane.line_count > 8, "an explanation")
        await user.press("right_square_bracket")
        page = pane.scroll_offset.y
        assert page == pane.content_size.height - 1
        await user.press(key)
        assert pane.scroll_offset.y == (2 * page if key == "right_square_bracket" else 0)
        assert user.app.focused is user.table


@pressing("app", "tab")
async def test_tab_goes_from_panel_to_panel(server: Host, key: str) -> None:
    async with screen(server) as user:
        await user.press("y", key)
        assert isinstance(user.app.focused, ExplainPane)
        await user.press(key)
        assert user.table.has_focus


@pressing("app", "c")
async def test_copy_the_line(server: Host, key: str) -> None:
    async with screen(server, options(owners=False)) as user:
        await user.press("end", "up", key)
        assert user.app.clipboard == user.rows[6] == "1 2/128 ▸ 10.77.0.2:5432"


@pressing("app", "C")
async def test_copy_the_ss_command(server: Host, key: str) -> None:
    async with screen(server, options("connected")) as user:
        await user.press("down", key)
        command = "ss -tan state established 'sport = :8080 and dst 10.77.0.1'"
        assert user.app.clipboard == command
        await user.until(lambda: any("Copied: ss -tan" in line for line in user.text), "a word about it")


@pressing("app", "question_mark", "f1")
async def test_help(server: Host, key: str) -> None:
    async with screen(server) as user:
        await user.press(key)
        assert isinstance(user.app.screen, HelpScreen)


@pressing("app", "ctrl+p")
async def test_palette(server: Host, key: str) -> None:
    async with screen(server) as user:
        await user.press(key)
        assert isinstance(user.app.screen, CommandPalette)


@pressing("app", "q")
async def test_quit(server: Host, key: str) -> None:
    async with screen(server) as user:
        await user.press(key)
        assert user.app._exit
        assert user.app.return_code == 0
    user.collector._thread.join(5)
    assert not user.collector._thread.is_alive()
