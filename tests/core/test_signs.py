from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import unhurried
from twtop.core.signs import ASCII, UNICODE, Signs

looks = st.sampled_from((UNICODE, ASCII))


@unhurried
@given(looks, st.lists(st.integers(0, 10**9), max_size=20))
def test_more_is_never_drawn_lower(signs: Signs, counts: list[int]) -> None:
    drawn = signs.sparkline(counts)
    if not any(counts):
        assert drawn == ""
        return
    heights = [(" " + signs.levels).index(sign) for sign in drawn]
    assert len(heights) == len(counts)
    assert [height for _, height in sorted(zip(counts, heights, strict=True))] == sorted(heights)
    assert max(heights) == len(signs.levels)
    # Nothing is blank, and only nothing.
    assert [not height for height in heights] == [not count for count in counts]


@pytest.mark.parametrize("signs", [UNICODE, ASCII])
def test_every_level_is_drawn(signs: Signs) -> None:
    assert signs.sparkline(range(1, 9)) == signs.levels
    assert signs.sparkline([1, 1_000_000]) == signs.levels[0] + signs.levels[-1]
    assert signs.sparkline([0, 0]) == signs.sparkline([]) == ""


@unhurried
@given(looks, st.text(max_size=20), st.integers(0, 25))
def test_what_is_clipped_fits_and_shows_it(signs: Signs, text: str, width: int) -> None:
    clipped = signs.clipped(text, width)
    assert len(clipped) <= width or clipped == text
    if len(text) <= width:
        assert clipped == text
    elif width:
        assert clipped == text[: width - 1] + signs.ellipsis


def test_plain_signs_are_plain_and_single() -> None:
    for signs in (UNICODE, ASCII):
        single = (signs.folded, signs.unfolded, signs.ellipsis, signs.arrow, signs.line)
        assert [len(sign) for sign in single] == [1] * len(single)
        assert len(set(signs.levels)) == 8
        assert signs.folded != signs.unfolded
    assert "".join((ASCII.levels, ASCII.folded, ASCII.unfolded, ASCII.ellipsis, ASCII.arrow)).isascii()
