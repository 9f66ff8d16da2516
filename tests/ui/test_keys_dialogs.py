"""The keys of the dialogs: grouping, help, and the explanation with its links."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.ui.conftest import NAMES
from tests.ui.keys import pressing, pressing_all
from tests.ui.pictures import recorded_app
from tests.ui.screen import options, screen
from twtop.core.table.keys import DEFAULT_KEYS, KEYS
from twtop.ui.explanation.pane import ExplainPane
from twtop.ui.explanation.screen import ExplainScreen
from twtop.ui.group_screen import GroupScreen, KeyList
from twtop.ui.help_screen import HelpScreen, HelpText

if TYPE_CHECKING:
    from tests.ui.screen import Screen
    from twtop.lab.host import Host


def key_list(user: Screen) -> KeyList:
    return user.app.screen.query_one(KeyList)


async def opened(user: Screen, key: str = "g") -> None:
    base = user.app.screen
    await user.press(key)
    await user.until(lambda: user.app.screen is not base and user.app.screen.is_mounted, "a dialog")
    await user.settle()


@pressing("group", "up", "k", "down", "j")
async def test_the_cursor_of_the_dialog_goes_round(key: str) -> None:
    async with screen(app=recorded_app()) as user:
        await opened(user)
        await user.press(key)
        assert key_list(user).cursor == (len(KEYS) - 1 if key in {"up", "k"} else 1)
        await user.press(*[key] * (len(KEYS) - 1))
        assert key_list(user).cursor == 0


async def test_one_line_only_is_drawn_as_under_the_cursor() -> None:
    async with screen(app=recorded_app()) as user:
        await opened(user)
        for _ in KEYS:
            await user.press("down")
            strips = user.app.screen._compositor.render_strips()
            reversed_lines = [
                strip.text.split("]")[-1].strip(" │")
                for strip in strips
                if any(segment.style and segment.style.reverse for segment in strip)
            ]
            assert reversed_lines == [list(KEYS.values())[key_list(user).cursor].title]


@pressing("group", "space")
async def test_space_adds_at_the_end_and_removes(key: str) -> None:
    async with screen(app=recorded_app()) as user:
        await opened(user)
        await user.press(key)
        assert key_list(user).chosen == ["peer"]
        await user.press(key)
        assert key_list(user).chosen == ["peer", "state"]


@pressing_all("group", *"1234567890")
async def test_a_digit_adds_and_removes(keys: tuple[str, ...]) -> None:
    async with screen(app=recorded_app()) as user:
        await opened(user)
        for key in keys:
            name = list(KEYS)[(int(key) - 1) % 10]
            await user.press("d", key)
            expected = [kept for kept in DEFAULT_KEYS if kept != name]
            assert key_list(user).chosen == ([*expected, name] if name not in DEFAULT_KEYS else expected)
            await user.press(key)
            assert key_list(user).chosen == (expected if name not in DEFAULT_KEYS else [*expected, name])


@pressing("group", "plus", "shift+up", "K", "minus", "shift+down", "J")
async def test_a_chosen_key_changes_its_place(key: str) -> None:
    earlier = key in {"plus", "shift+up", "K"}
    async with screen(app=recorded_app()) as user:
        await opened(user)
        await user.press("3", *["up", "up"] if not earlier else [], key)
        expected = ["state", "remote", "peer"] if earlier else ["peer", "state", "remote"]
        assert key_list(user).chosen == expected
        await user.press(key, key, key)
        assert key_list(user).chosen == (
            ["remote", "state", "peer"] if earlier else ["peer", "remote", "state"]
        )


async def test_one_key_always_stays() -> None:
    async with screen(app=recorded_app()) as user:
        await opened(user)
        await user.press("1", "2", "2")
        assert len(key_list(user).chosen) == 1


@pressing("group", "d")
async def test_the_default(server: Host, key: str) -> None:
    async with screen(server, options(keys=("role", "local-port"))) as user:
        await opened(user)
        await user.press(key)
        assert key_list(user).chosen == list(DEFAULT_KEYS)


@pressing("group", "enter")
async def test_what_is_chosen_is_applied(server: Host, key: str) -> None:
    async with screen(server) as user:
        await opened(user)
        await user.press("2", "9", key)
        assert not isinstance(user.app.screen, GroupScreen)
        expected = ["▾ ESTAB", "  ▸ :8080", "  ▸ :5432", "▾ CLOSE-WAIT", "  ▸ :8080", "▾ LISTEN"]
        await user.until(lambda: user.names == [*expected, "  ▸ :5432", "  ▸ :8080"], "other groups")
        assert any("STATE → LOCAL PORT" in line for line in user.text)


@pressing("group", "escape", "q", "g")
async def test_the_dialog_can_be_left_without_a_change(server: Host, key: str) -> None:
    async with screen(server) as user:
        await opened(user)
        await user.press("2", "9", key)
        assert not isinstance(user.app.screen, GroupScreen)
        await user.next_frame()
        assert user.names == NAMES
        assert user.app.is_running


async def test_the_cursor_of_the_dialog_stays_in_sight_in_a_low_window() -> None:
    async with screen(app=recorded_app(), size=(40, 10)) as user:
        await opened(user)
        for key in (*["down"] * len(KEYS), *["up"] * len(KEYS)):
            await user.press(key)
            title = list(KEYS.values())[key_list(user).cursor].title
            await user.until(lambda title=title: any(title in line for line in user.text), title)  # type: ignore[misc]
        await user.press("up")
        await user.until(lambda: any("esc: leave" in line for line in user.text), "how to use it")
        await user.click(key_list(user), 5, 1)
        assert key_list(user).chosen != list(DEFAULT_KEYS)


async def test_a_click_chooses_a_key() -> None:
    async with screen(app=recorded_app()) as user:
        await opened(user)
        await user.click(key_list(user), 5, 1 + 2 + list(KEYS).index("role"))
        assert key_list(user).chosen == [*DEFAULT_KEYS, "role"]


@pressing("help", "escape", "q", "question_mark", "f1")
async def test_help_can_be_left(key: str) -> None:
    async with screen(app=recorded_app()) as user:
        await opened(user, "question_mark")
        await user.press(key)
        assert not isinstance(user.app.screen, HelpScreen)
        assert user.app.is_running


@pressing_all("help text", "down", "j", "pagedown", "space", "end", "G", "up", "k", "pageup", "b", "home")
async def test_help_scrolls(keys: tuple[str, ...]) -> None:
    async with screen(app=recorded_app()) as user:
        await opened(user, "question_mark")
        text = user.app.screen.query_one(HelpText)
        page, last = text.content_size.height, text.line_count - text.content_size.height
        steps = {"down": 1, "j": 1, "pagedown": page, "space": page, "end": last, "G": last}
        back = {"up": last - 1, "k": last - 1, "pageup": last - page, "b": last - page, "home": 0}
        assert last > page
        for key in keys:
            text.scroll_to(y=last if key in back else 0, animate=False, immediate=True)
            await user.press(key)
            expected = (steps | back)[key]
            await user.until(lambda expected=expected: text.scroll_offset.y == expected, key)  # type: ignore[misc]
            drawn = user.text[0].strip(" ▁▂▃▄▅▆▇█")
            assert drawn == "".join(part for part, _ in text.line(expected, 80)).strip(), key


async def explained(user: Screen) -> ExplainPane:
    """The explanation of FIN-WAIT-2's neighbour in the table, with the focus on it."""
    await user.press("y")
    pane = user.app.query_one(ExplainPane)
    await user.until(lambda: pane.trail.start is not None and pane.line_count > 10, "an explanation")
    await user.press("tab")
    assert user.app.focused is pane
    return pane


@pressing("explain", "down", "j", "pagedown", "end", "up", "k", "pageup", "home")
async def test_the_explanation_scrolls(key: str) -> None:
    async with screen(app=recorded_app()) as user:
        pane = await explained(user)
        back = key in {"up", "k", "pageup", "home"}
        if back:
            await user.press("end")
        before = pane.scroll_offset.y, pane._selected
        await user.press(key)
        after = pane.scroll_offset.y, pane._selected
        assert after != before
        assert after[0] <= before[0] if back else after[0] >= before[0]
        if key == "home":
            assert after[0] == 0


async def reach_a_link(user: Screen, pane: ExplainPane) -> None:
    while pane._selected is None:
        await user.press("down")


@pressing("explain", "enter", "right")
async def test_a_link_is_opened(key: str) -> None:
    async with screen(app=recorded_app()) as user:
        pane = await explained(user)
        await reach_a_link(user, pane)
        assert pane._selected is not None
        topic = pane._selected.topic
        await user.press(key)
        assert pane.trail.opened == topic
        assert "→" in user.lines_of("#why")[0]


@pressing("explain", "escape", "left", "backspace")
async def test_the_way_back(server: Host, key: str) -> None:
    async with screen(server, options("close-wait")) as user:
        pane = await explained(user)
        await reach_a_link(user, pane)
        title = user.lines_of("#why")[0]
        await user.press("enter", key)
        assert pane.trail.opened is None
        assert user.lines_of("#why")[0].split()[0] == title.split()[0]
        assert user.names == NAMES[3:5]


@pressing("explain screen", "question_mark", "f1")
async def test_the_large_explanation_lists_its_keys(key: str) -> None:
    async with screen(app=recorded_app()) as user:
        await user.until(lambda: user.app.query_one(ExplainPane).trail.start)
        await opened(user, "e")
        await user.press(key)
        await user.until(lambda: isinstance(user.app.screen, HelpScreen) and len(user.text) > 8, "the keys")
        assert "Explain the selected sysctl or state" in "\n".join(user.text)
        await user.press("escape")
        assert isinstance(user.app.screen, ExplainScreen)


async def test_a_narrow_help_has_meanings_below_the_keys() -> None:
    async with screen(app=recorded_app(), size=(20, 160)) as user:
        await opened(user, "question_mark")
        words = " ".join(" ".join(user.text).split())
        assert "/ Filter by state, port, address or owner, as you type esc x Clear the filter" in words


@pressing("explain screen", "escape", "q", "e")
async def test_the_large_explanation_can_be_left(key: str) -> None:
    async with screen(app=recorded_app()) as user:
        await user.until(lambda: user.app.query_one(ExplainPane).trail.start)
        await opened(user, "e")
        assert isinstance(user.app.screen, ExplainScreen)
        await user.press(key)
        assert not isinstance(user.app.screen, ExplainScreen)
        assert user.app.is_running
