"""The key that saves the view, the user's own keys, columns and themes."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from textual.color import Color
from textual.command import CommandPalette
from textual.theme import BUILTIN_THEMES
from textual.widgets._toast import Toast

from tests.ui.keys import pressing
from tests.ui.screen import options, screen
from twtop.config.file import read_file
from twtop.config.options import options_of
from twtop.core.filter import parse
from twtop.core.options import ScreenOptions
from twtop.core.options.screen import THEMES
from twtop.ui.filter_bar import FilterBar
from twtop.ui.help_screen import HelpScreen
from twtop.ui.table.heading import Heading
from twtop.ui.themes import LEAST_CONTRAST, contrast, palette

if TYPE_CHECKING:
    from pathlib import Path

    from rich.style import Style

    from tests.ui.screen import Screen
    from twtop.lab.host import Host


def told(user: Screen) -> str:
    """What the notifications say."""
    toasts = user.app.screen.query(Toast)
    return " ".join(f"{toast._notification.title} {toast._notification.message}" for toast in toasts)


def titles(user: Screen, width: int = 200) -> list[str]:
    parts = user.app.query_one(Heading).line(0, width)
    return "".join(text for text, _ in parts).split()


@pressing("app", "ctrl+s")
async def test_ctrl_s_saves_what_is_shown(server: Host, key: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("# mine\n\n[keys]\ncopy = 'Y'\n")
    chosen = replace(options("listening", sort="left"), keymap={"copy": "Y"}, config_file=str(path))
    async with screen(server, chosen) as user:
        await user.press("r", key)
        await user.until(lambda: "Saved" in told(user), "the note")
        assert told(user).endswith(f" to {path}.")
        await user.press(key)
        await user.until(lambda: "Nothing to save" in told(user), "the second note")
    file = read_file(path, needed=True)
    again = ScreenOptions(**options_of(file))
    assert (again.filter, again.sort, again.reverse) == (parse("listening"), "left", True)
    assert again.keymap == {"copy": "Y"}
    assert file.text.startswith("# mine\n")


async def test_what_is_hidden_from_the_start_is_hidden_when_it_is_saved(server: Host) -> None:
    async with screen(server, replace(options(), own_session=False)) as user:
        assert user.app._spec.hides_session
        assert not user.app.chosen().own_session
        await user.press("o")
        assert user.app.chosen().own_session


@pressing("app", "ctrl+s")
async def test_what_cannot_be_saved_is_said_on_the_screen(server: Host, key: str, tmp_path: Path) -> None:
    path = tmp_path / "config.toml"
    path.write_text("sort = 'lft'\n")
    async with screen(server, replace(options(), config_file=str(path))) as user:
        await user.press(key)
        await user.until(lambda: "Nothing was saved" in told(user), "the reason")
        assert "config.toml:1: sort: there is no field 'lft'; did you mean 'left'?" in told(user)
    assert path.read_text() == "sort = 'lft'\n"


@pressing("app", "ctrl+s")
async def test_without_a_file_nothing_is_saved(server: Host, key: str) -> None:
    async with screen(server) as user:
        await user.press(key)
        await user.until(lambda: "there is no file to save to" in told(user), "the reason")


async def test_the_user_s_own_keys_do_it_and_the_others_no_more(server: Host) -> None:
    keymap = {"filter": "f2,ctrl+o", "ports": "d", "drain": "p", "help": "!"}
    async with screen(server, replace(options(), keymap=keymap), size=(120, 160)) as user:
        assert user.lines_of("#footer")[0].startswith("f2 filter")
        assert "! help" in user.lines_of("#footer")[0]
        await user.press("slash")
        assert not user.app.query_one(FilterBar).display
        for key in ("f2", "ctrl+o"):
            await user.press(key)
            await user.until(lambda: user.app.query_one(FilterBar).display, "the filter")
            assert "help" not in user.lines_of("#footer")[0]
            await user.press("escape")
        await user.press("d")
        await user.until(lambda: user.app.screen.has_class("-ports"), "the ports")
        await user.press("p")
        await user.until(lambda: user.app.screen.has_class("-drain"), "the drain")
        await user.press("exclamation_mark")
        await user.until(lambda: isinstance(user.app.screen, HelpScreen) and len(user.text) > 20)
        assert any(line.split()[:3] == ["f2", "ctrl+o", "Filter"] for line in user.text)
        assert any(line.split()[:2] == ["!", "List"] for line in user.text)


async def test_the_palette_names_the_user_s_own_keys(server: Host) -> None:
    async with screen(server, replace(options(), keymap={"copy": "Y", "palette": "f9"})) as user:
        commands = {command.title: command.help for command in user.app.get_system_commands(user.app.screen)}
        assert commands["Copy the line under the cursor (OSC 52)"] == "key Y"
        await user.press("f9")
        await user.until(lambda: isinstance(user.app.screen, CommandPalette), "the palette")


async def test_only_the_chosen_columns_are_shown_and_sorted_by(server: Host) -> None:
    chosen = replace(options(sort="queues"), columns=("left", "sockets", "soon"))
    async with screen(server, chosen) as user:
        assert titles(user)[:3] == ["LEFT", "SOCKETS", "<10s"]
        assert titles(user, 35)[:2] == ["SOCKETS", "STATE"]
        await user.press("s")
        assert user.app._spec.sort == "left"
        await user.press("S")
        assert user.app._spec.sort == "soon"
        await user.until(lambda: user.table.view and user.table.view.spec.sort == "soon", "the order")
        await user.press("up")
        assert user.table.heading == "soon"


def looks(user: Screen) -> list[Style]:
    strips = user.app.screen._compositor.render_strips()
    return [segment.style for strip in strips for segment in strip if segment.style]


async def test_the_terminal_s_own_colours_are_left_to_it(server: Host) -> None:
    async with screen(server) as user:
        colors = {style.color.name for style in looks(user) if style.color}
        assert {"green", "cyan"} <= colors
        assert all(style.color is None or style.color.triplet is None for style in looks(user))


async def test_on_a_light_background_they_are_darker(server: Host) -> None:
    async with screen(server, replace(options(), theme="ansi-light")) as user:
        colors = {style.color.name for style in looks(user) if style.color}
        assert "blue" in colors
        assert not colors & {"green", "cyan", "yellow"}


async def test_another_theme_has_colours_of_its_own_everywhere(server: Host) -> None:
    async with screen(server, replace(options(), theme="nord")) as user:
        await user.until(lambda: all(style.bgcolor and style.bgcolor.triplet for style in looks(user)))
        colors = {style.color.triplet.hex for style in looks(user) if style.color and style.color.triplet}
        grounds = {
            style.bgcolor.triplet.hex for style in looks(user) if style.bgcolor and style.bgcolor.triplet
        }
        assert "#a3be8c" in colors
        assert "#2e3440" in grounds
        assert user.app.chosen().theme == "nord"
        user.app.theme = "ansi-dark"
        await user.until(lambda: not any(style.color and style.color.triplet for style in looks(user)))
        assert user.app.chosen().theme == "ansi-dark"


async def test_no_color_wins(server: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    async with screen(server, replace(options(), theme="nord")) as user:
        for style in looks(user):
            assert style.color is None or style.color.is_default
            assert style.bgcolor is None or style.bgcolor.is_default


def test_every_theme_of_textual_can_be_chosen() -> None:
    assert set(THEMES) == set(BUILTIN_THEMES)


@pytest.mark.parametrize("name", [name for name in THEMES if not name.startswith("ansi-")])
def test_every_colour_of_a_theme_can_be_read(name: str) -> None:
    colors = palette(name)
    background = Color(*colors.background_color)
    texts = [colors.foreground_color, *(colors.ansi_colors[number] for number in range(1, 16))]
    assert min(contrast(Color(*text), background) for text in texts) >= LEAST_CONTRAST
