"""The last line of every view: help and the way out are always there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import unhurried
from tests.ui.frames import Recorded, frames
from tests.ui.screen import options, screen
from twtop.ui.app import TwtopApp
from twtop.ui.bindings import footer_keys
from twtop.ui.footer import Footer

WAYS_OUT = ("esc/q back", "esc back", "q quit")


@pytest.mark.parametrize("keys", ["", "f", "b", "v", "m", "d", "p", "y", "e", ["f", "tab"]], ids=str)
@pytest.mark.parametrize("freeze", [False, True], ids=["live", "frozen"])
async def test_every_view_names_help_and_the_way_out_at_80_columns(keys: list[str], *, freeze: bool) -> None:
    chosen = options()
    async with screen(app=TwtopApp(chosen, Recorded(chosen, *frames())), size=(80, 24)) as user:
        await user.press(*["space"] * freeze, *keys)
        await user.until(lambda: "? help" in user.text[-1], "help")
        assert user.text[-1].endswith(WAYS_OUT)


@unhurried
@given(st.integers(0, 200), st.sampled_from(("", "FROZEN")))
def test_no_key_is_cut_where_one_has_room(width: int, note: str) -> None:
    footer = Footer(footer_keys())
    footer.show_note(note)
    shown = "".join(text for text, _ in footer.line(0, width)).rstrip()
    known = [f"{key} {meaning}" for key, meaning in footer_keys()]
    assert [part for part in shown.split("  ") if part not in {*known, note}] == []
    assert shown.endswith("q quit")
    if width >= 24:
        assert len(shown) <= width
        assert shown.endswith("? help  q quit")
