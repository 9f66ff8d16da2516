"""Typing a filter: it works at once, a mistake is shown where it is, and what was typed is remembered."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual.widgets import Input, Static

from tests.ui.conftest import NAMES
from tests.ui.keys import pressing
from tests.ui.screen import options, screen
from twtop.ui.explanation.pane import ExplainPane
from twtop.ui.filter_bar import FilterBar
from twtop.ui.help_screen import HelpScreen

if TYPE_CHECKING:
    from tests.ui.screen import Screen
    from twtop.lab.host import Host


def error(user: Screen) -> str:
    return str(user.app.query_one("#filter-error", Static).render())


def typed(user: Screen) -> str:
    return user.app.query_one("#filter-input").value  # type: ignore[attr-defined,no-any-return]


async def test_it_works_as_it_is_typed(server: Host) -> None:
    async with screen(server) as user:
        await user.press("slash", *":8080")
        await user.until(lambda: user.names == [NAMES[0], NAMES[1], *NAMES[3:6], NAMES[7]], "port 8080")
        assert user.counts == {"ESTAB": 7, "CLOSE-WAIT": 3, "LISTEN": 1}
        assert user.header[1] == "filter      11 of 14: :8080  (esc clears)"
        await user.press(*" close-wait")
        await user.until(lambda: user.names == NAMES[3:5], "leaked connections")
        await user.press("enter")
        assert not user.app.query_one(FilterBar).display
        assert user.app.focused is user.table
        assert user.counts == {"CLOSE-WAIT": 3}


async def test_a_mistake_is_shown_under_the_wrong_word_and_the_last_filter_stays(server: Host) -> None:
    async with screen(server) as user:
        await user.press("slash", *"listening and sport = :htpp")
        await user.until(lambda: user.names == NAMES[5:], "listeners")
        pointed = user.text.index(" " * len("listening and sport = :") + "^^^^")
        assert user.text[pointed - 1] == "listening and sport = :htpp"
        assert user.text[pointed + 1].startswith("no service is called 'htpp'")
        assert user.header[1].startswith("filter       2 of 14: state listening")
        await user.press("enter")
        assert user.app.query_one(FilterBar).display
        await user.press(*["backspace"] * len(" and sport = :htpp"))
        assert error(user) == ""
        await user.press("enter")
        assert not user.app.query_one(FilterBar).display
        assert user.names == NAMES[5:]


@pressing("filter", "escape")
async def test_escape_puts_back_what_was_in_force(server: Host, key: str) -> None:
    async with screen(server, options("listening")) as user:
        await user.press("slash")
        assert typed(user) == "state listening"
        await user.press(*" or close-wait")
        await user.until(lambda: user.names == NAMES[3:], "two states")
        await user.press(key)
        await user.until(lambda: user.names == NAMES[5:], "one state")
        assert not user.app.query_one(FilterBar).display
        assert user.app.focused is user.table


@pressing("filter", "enter", "tab", "shift+tab")
async def test_what_was_typed_is_kept_and_the_table_has_the_keys(server: Host, key: str) -> None:
    async with screen(server) as user:
        await user.press("slash", *"close-wait", key)
        assert not user.app.query_one(FilterBar).display
        assert user.app.focused is user.table
        await user.until(lambda: user.names == NAMES[3:5], "leaked connections")
        await user.press("slash", *" and sport = :htpp", key)
        assert user.app.query_one(FilterBar).display
        assert user.app.focused is user.app.query_one("#filter-input")
        assert "no service is called" in error(user)


async def test_the_footer_names_the_keys_of_typing_while_it_lasts(server: Host) -> None:
    async with screen(server) as user:
        before = user.text[-1]
        await user.press("slash")
        assert user.text[-1] == "up/down earlier filters  f1 help  enter keep  esc as it was"
        await user.press("f1")
        await user.until(lambda: isinstance(user.app.screen, HelpScreen), "help")
        await user.press("escape", *"listening")
        await user.until(lambda: user.names == NAMES[5:], "listeners")
        await user.press("escape")
        assert user.text[-1] == before


async def test_a_click_beside_it_ends_typing(server: Host) -> None:
    """What could be understood stays, and is remembered."""
    async with screen(server, size=(200, 50)) as user:
        before = user.text[-1]
        await user.press("slash", *"close-wait and sport = :htpp")
        await user.until(lambda: user.names == NAMES[3:5], "leaked connections")
        await user.click("#why", 3, 1)
        await user.until(lambda: not user.app.query_one(FilterBar).display, "no typing any more")
        assert user.app.focused is user.app.query_one(ExplainPane)
        assert user.names == NAMES[3:5]
        assert user.text[-1] == before
        await user.press("slash", *["backspace"] * 30, "up")
        assert typed(user) == "close-wait"


@pressing("filter", "up", "down")
async def test_what_was_typed_comes_back(server: Host, key: str) -> None:
    async with screen(server) as user:
        for text in ("listening", "close-wait"):
            await user.press("slash", *["backspace"] * 20, *text, "enter")
        await user.press("x", "slash")
        seen = []
        for step in ("up", "up", "up", "down", "down"):
            await user.press(step)
            seen.append(typed(user))
        assert seen == ["close-wait", "listening", "listening", "close-wait", ""]
        await user.press("up")
        await user.until(lambda: user.names == NAMES[3:5], "the remembered filter in force")
        await user.press(key)
        assert typed(user) == ("listening" if key == "up" else "")


async def test_a_pasted_escape_sequence_is_a_mistake_and_nothing_else(server: Host) -> None:
    async with screen(server) as user:
        await user.press("slash")
        await user.paste("\x1b[31mlistening\u202e")
        await user.until(lambda: error(user), "an error")
        assert typed(user) == "?[31mlistening?"
        assert not any(sign in "".join(user.text) for sign in "\x1b\u202e")
        assert user.names == NAMES


async def test_a_long_filter_scrolls_and_its_mistake_stays_in_sight(server: Host) -> None:
    async with screen(server, size=(40, 20)) as user:
        await user.press("slash", *("listening or " * 4), *":nosuchport")
        await user.until(lambda: "nosuchport" in error(user) and "^" in error(user), "an error")
        shown = next(line for line in user.text if "^" in line)
        entry = user.text[user.text.index(shown) - 1]
        assert entry[shown.index("^") : shown.rindex("^") + 1] == "nosuchport"


async def test_the_pointer_stays_under_its_word_wherever_there_is_room_for_the_message(server: Host) -> None:
    wrong = {"": "after", " " * 70: "before", " " * 30: "below"}
    async with screen(server) as user:
        for blanks, place in wrong.items():
            await user.press("slash")
            user.app.query_one(Input).value = f"{blanks}:htpp"
            await user.until(lambda: error(user), "an error")
            await user.settle()
            entry = next(at for at, line in enumerate(user.text) if line.endswith(":htpp"))
            column = user.text[entry].index("htpp")
            below = [line.ljust(column) for line in user.text[entry + 1 : entry + 3]]
            assert below[0][column:].startswith("^^^^")
            told = {"after": below[0][column:], "before": below[0][:column], "below": below[1]}
            assert "no service is called 'htpp'" in told[place]
            await user.press("escape")
