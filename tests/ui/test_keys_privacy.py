"""P hides addresses from those who look on, in whatever is on the screen and in what is copied from it."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.ui.frames import Recorded, frames
from tests.ui.keys import pressing
from tests.ui.screen import Screen, options, screen
from twtop.ui.app import TwtopApp
from twtop.ui.filter_bar import FilterBar

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.options import ScreenOptions

V4 = re.compile(r"(?<![\w.])[0-9]{1,3}\.[0-9]{1,3}\.[0-9]{1,3}")
"""Three octets say enough."""
V6 = re.compile(r"2001:?")
HOST = "web-3"

VIEWS: dict[str, tuple[str, ...]] = {
    "groups": (),
    "findings": ("f",),
    "what a finding links to": ("f", "tab", "enter"),
    "budgets": ("b",),
    "diagram": ("v",),
    "counters": ("m",),
    "comparison": ("A", "D"),
    "explanation": ("e",),
    "help": ("question_mark",),
    "group": ("g",),
    "ports": ("p",),
    "why": ("y",),
    "drain": ("d",),
    "sockets": ("down", "right", "down", "enter"),
    "details": ("down", "right", "down", "enter", "down", "enter"),
    "filter": ("slash", "dst 10.0.0.5 or 2001:db8::5"),
    "half a filter": ("slash", "dst 10.0.0"),
    "wrong filter": ("slash", "dst 10.0.0.5/99"),
    "wrong address": ("slash", "src 10.0.7"),
    "long filter": ("slash", "not 10.0.0.5 and " * 3),
    "kept filter": ("slash", "dst 10.0.0.5", "enter"),
    "filter of a view": ("b", "enter"),
    "palette": ("ctrl+p", " mask"),
    "namespaces": ("N",),
    "owners": ("u",),
    "copied": ("down", "c"),
    "copied for ss": ("down", "down", "C"),
    "copied from a view": ("f", "c"),
}
"""Keys, and text to be pasted, which has blanks."""
KERNEL = "6.18.0"


def recorded(chosen: ScreenOptions | None = None, *, masked: bool = True) -> TwtopApp:
    wanted = replace(chosen or options(), privacy=masked)
    return TwtopApp(wanted, Recorded(wanted, frames()[-1]))


def leaks(lines: list[str]) -> Iterator[str]:
    for line in lines:
        text = line.replace(KERNEL, "")
        if V4.search(re.sub(r"127\.[0-9.]+|0\.0\.0\.0", "", text)) or V6.search(text) or HOST in text:
            yield line


async def looked_at(user: Screen) -> list[str]:
    """What is on the screen when all is drawn."""
    await user.until(lambda: user.app._shown and not user.app._stale.is_set(), "all that was chosen")
    await user.settle()
    return user.text


@pytest.mark.parametrize("size", [(80, 24), (200, 50), (40, 10), (20, 5)], ids="{0[0]}x{0[1]}".format)
async def test_no_address_is_left_on_any_screen(size: tuple[int, int]) -> None:
    async with screen(None, app=recorded(), size=size) as user:
        for name, keys in VIEWS.items():
            for key in keys:
                await (user.paste(key) if " " in key else user.press(key))
            assert list(leaks(await looked_at(user))) == [], name
            await user.back_to_the_table()


async def test_the_same_screen_shows_addresses_without_the_mask() -> None:
    async with screen(None, app=recorded(masked=False), size=(200, 50)) as user:
        assert len(list(leaks(await looked_at(user)))) > 10


@pressing("app", "P")
async def test_p_hides_addresses_and_shows_them_again(key: str) -> None:
    async with screen(None, app=recorded(masked=False), size=(120, 40)) as user:
        before = await looked_at(user)
        await user.press(key)
        await user.until(lambda: "addresses masked" in user.text[0], "what the header says")
        await user.until(lambda: not list(leaks(user.text)), "pseudonyms")
        masked = [line for line in user.text if "▸" in line]
        assert [len(line) for line in masked] == [len(line) for line in before if "▸" in line]
        await user.press(key)
        await user.until(
            lambda: [line for line in user.text if "▸" in line] == [line for line in before if "▸" in line],
            "addresses",
        )
        await user.press(key)
        await user.until(lambda: [line for line in user.text if "▸" in line] == masked, "the same pseudonyms")


@pressing("frame screen", "P")
async def test_p_works_in_a_view(key: str) -> None:
    async with screen(None, app=recorded(masked=False)) as user:
        await user.press("b")
        await user.until(lambda: "10.0.0.5:5432" in "\n".join(user.text), "budgets")
        await user.press(key)
        await user.until(lambda: "MASKED" in user.text[-1] and not list(leaks(user.text)), "pseudonyms")


@pytest.mark.parametrize("size", [(80, 24), (40, 10), (20, 5)], ids="{0[0]}x{0[1]}".format)
async def test_the_header_always_says_that_addresses_are_masked(size: tuple[int, int]) -> None:
    async with screen(None, app=recorded(), size=size) as user:
        assert "masked" in (await looked_at(user))[0]


async def test_what_is_copied_is_masked_and_said_to_be() -> None:
    async with screen(None, app=recorded()) as user:
        await user.go_to("10.0.0.5:5432")
        for key in "cC":
            await user.press(key)
            copied = user.app.clipboard
            assert copied
            assert not list(leaks([copied]))
            await user.until(
                lambda: "masked in the copy" in " ".join("".join(user.text).split()), "a warning"
            )
        await user.press("P", "C")
        assert "10.0.0.5" in user.app.clipboard


async def test_a_filter_that_is_typed_still_works() -> None:
    async with screen(None, app=recorded()) as user:
        await user.press("slash", *"dst 10.0.0.6", "enter")
        await user.until(lambda: user.app.query_one(FilterBar).text == "dst 10.0.0.6", "the filter")
        await user.until(lambda: user.names[0].endswith("FIN-WAIT-2"), "what it lets through")


async def test_who_looks_on_sees_which_peers_are_the_same() -> None:
    chosen = options("dst 10.0.0.5", keys=("remote-address", "state"))
    async with screen(None, app=recorded(chosen), size=(200, 50)) as user:
        text = "\n".join(await looked_at(user))
        mask = user.app.privacy.mask.masked("10.0.0.5")
        assert text.count(mask) > 2
