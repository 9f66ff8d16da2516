from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import unhurried
from twtop.ui import styles
from twtop.ui.ports.plotter import Curve, Plotter

DOT, RING = styles.GOOD, styles.NOTE


def texts(curves: list[Curve], width: int, height: int, top: float, *, braille: bool) -> list[str]:
    drawn = Plotter(braille=braille).draw(curves, width, height, top)
    return ["".join(text for text, _ in parts) for parts in drawn]


def test_values_stand_at_their_columns_and_heights() -> None:
    curve = Curve(range(5), [0, 1, 2, 3, 4], DOT, "#", joined=False)
    assert texts([curve], 5, 5, 4, braille=False) == ["    #", "   # ", "  #  ", " #   ", "#    "]


def test_the_first_curve_is_on_top() -> None:
    curves = [
        Curve([1], [1], DOT, "#", joined=False),
        Curve([0, 2], [1, 1], RING, "-", joined=True),
    ]
    assert Plotter(braille=False).draw(curves, 3, 2, 1)[0] == [("-", RING), ("#", DOT), ("-", RING)]


def test_dots_of_two_curves_share_a_character() -> None:
    curves = [
        Curve([0], [3], DOT, "#", joined=False),
        Curve([0], [0], RING, "o", joined=False),
    ]
    assert Plotter(braille=True).draw(curves, 1, 1, 3) == [[("\u2841", DOT)]]


def test_top_and_bottom_touch_the_edges() -> None:
    line = Curve([0, 9], [7, 7], DOT, "=", joined=True)
    ground = Curve([0, 9], [0, 0], DOT, "_", joined=True)
    top, *_, bottom = texts([line, ground], 10, 4, 7, braille=True)
    assert set(top[:-1]) == {"\u2809"}
    assert set(bottom[:-1]) == {"\u28c0"}


@unhurried
@given(
    st.integers(1, 120),
    st.integers(1, 20),
    st.lists(st.integers(0, 70_000), max_size=40),
    st.booleans(),
    st.booleans(),
)
def test_lines_are_of_the_size_asked_for(
    width: int, height: int, values: list[int], joined: bool, braille: bool
) -> None:
    curve = Curve(range(len(values)), values, DOT, "#", joined)
    lines = texts([curve], width, height, 28_232, braille=braille)
    assert [len(line) for line in lines] == [width] * height
    assert all(sign in " #" or "\u2800" <= sign <= "\u28ff" for sign in "".join(lines))
