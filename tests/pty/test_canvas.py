from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pyte
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rich.cells import cell_len

from twtop.ui.terminal.canvas import Canvas
from twtop.ui.terminal.cells import cut
from twtop.ui.terminal.style import PLAIN, Style, after, transition

if TYPE_CHECKING:
    from collections.abc import Sequence

START = "\x1b[?1049h\x1b[?7l"


class Shown(NamedTuple):
    """What pyte shows: each cell's text and look, and the cursor."""

    cells: list[list[tuple[object, ...]]]
    cursor: tuple[int, int]


class Emulator:
    """A pyte terminal behind a tty that turns line feeds into CR LF, as a terminal's line discipline does."""

    def __init__(self, width: int, height: int) -> None:
        self.screen = pyte.Screen(width, height)
        self.stream = pyte.Stream(self.screen)

    def feed(self, data: str) -> None:
        self.stream.feed(data.replace("\n", "\r\n"))

    def shown(self) -> Shown:
        rows = [
            _looks([self.screen.buffer[y][x] for x in range(self.screen.columns)])
            for y in range(self.screen.lines)
        ]
        return Shown(rows, (self.screen.cursor.y, min(self.screen.cursor.x, self.screen.columns - 1)))


def _looks(row: list[pyte.screens.Char]) -> list[tuple[object, ...]]:
    """What is seen of a row. Half a wide character is a blank, as in real terminals; pyte keeps it."""
    texts = ["", *(char.data for char in row), " "]
    looks = []
    for char, left, right in zip(row, texts[:-2], texts[2:], strict=True):
        halved = right != "" if cell_len(char.data) == 2 else char.data == "" and cell_len(left) != 2
        looks.append(_look(char._replace(data=" ") if halved else char))
    return looks


def _look(char: pyte.screens.Char) -> tuple[object, ...]:
    if char.data == " " and not (char.reverse or char.underscore or char.strikethrough):
        char = char._replace(fg="default", bold=False, italics=False, blink=False)
    return tuple(char)


def place(row: int, column: int) -> str:
    return f"\x1b[{row + 1};{column + 1}H"


colors = st.sampled_from(["31", "97", "38;5;196", "38;2;1;20;255", "42", "48;5;17", "48;2;9;9;9", "39", "49"])
attributes = st.sampled_from(
    ["1", "2", "3", "4", "5", "7", "9", "22", "23", "24", "25", "27", "29", "53", ""]
)
sgr = st.lists(colors | attributes, min_size=1, max_size=4).map(lambda codes: f"\x1b[{';'.join(codes)}m")
texts = st.text(st.sampled_from("ab1, 90  │▁█⣿é世界"), min_size=1, max_size=14)
segments = st.tuples(sgr, texts, st.sampled_from(["\x1b[0m", ""])).map("".join)


@st.composite
def frames(draw: st.DrawFn, width: int, height: int) -> str:
    """A frame as Textual writes it: regions anywhere, segments within, the cursor placed at the end."""
    out: list[str] = []
    for _ in range(draw(st.integers(0, 4))):
        column = draw(st.integers(0, width - 1))
        line = draw(st.lists(segments, min_size=1, max_size=3))
        out += [place(draw(st.integers(0, height - 1)), column), *_fitting(line, width - column)]
    return "".join([*out, place(draw(st.integers(0, height - 1)), draw(st.integers(0, width - 1)))])


def _fitting(line: Sequence[str], room: int) -> list[str]:
    """Drop what would not fit: Textual crops its lines, and terminals differ past the edge."""
    kept: list[str] = []
    for segment in line:
        text = segment[segment.index("m") + 1 :].removesuffix("\x1b[0m")
        room -= len(cut(text))
        if room < 0:
            break
        kept.append(segment)
    return kept


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_terminal_shows_the_same_with_and_without_the_canvas(data: st.DataObject) -> None:
    width, height = data.draw(st.sampled_from([(8, 3), (30, 5)]))
    raw, cheap = Emulator(width, height), Emulator(width, height)
    canvas = Canvas(lambda: (width, height))
    for frame in [START, *data.draw(st.lists(frames(width, height), min_size=1, max_size=6))]:
        raw.feed(frame)
        canvas.draw(frame)
        if data.draw(st.booleans()):
            cheap.feed(canvas.update())
    cheap.feed(canvas.update())
    assert cheap.shown() == raw.shown()


@settings(max_examples=100, deadline=None)
@given(st.data())
def test_repainting_shows_the_same(data: st.DataObject) -> None:
    raw, cheap = Emulator(30, 5), Emulator(30, 5)
    canvas = Canvas(lambda: (30, 5))
    for frame in [START, *data.draw(st.lists(frames(30, 5), min_size=1, max_size=4))]:
        raw.feed(frame)
        canvas.draw(frame)
        cheap.feed(canvas.update())
    cheap.feed("\x1b[2;3Hgarbage\x1b[0m")
    canvas.repaint()
    cheap.feed(canvas.update())
    assert cheap.shown() == raw.shown()


def filled(width: int, height: int, sign: str) -> str:
    return "".join(place(row, 0) + sign * width for row in range(height))


def test_a_smaller_terminal_and_back_is_painted_whole() -> None:
    sizes = [(20, 4)]
    canvas = Canvas(lambda: sizes[-1])
    canvas.draw(START + filled(20, 4, "a"))
    canvas.update()
    for size in ((6, 2), (20, 4)):
        sizes.append(size)
        canvas.draw(filled(*size, "b") + place(0, 0))
        terminal = Emulator(*size)
        terminal.feed(filled(*size, "#") + canvas.update())
        assert terminal.screen.display == ["b" * size[0]] * size[1]


def test_nothing_changed_costs_nothing() -> None:
    canvas = Canvas(lambda: (20, 4))
    frame = filled(20, 4, "a") + place(0, 0)
    canvas.draw(START + frame)
    canvas.update()
    canvas.draw(frame)
    assert canvas.update() == ""


def test_one_changed_digit_costs_a_move_and_a_digit() -> None:
    canvas = Canvas(lambda: (20, 4))
    canvas.draw(START + place(1, 3) + "1,234" + place(0, 0))
    canvas.update()
    canvas.draw(place(1, 3) + "1,235" + place(0, 0))
    assert canvas.update() == "\x1b[2;8H5\x1b[H"


def test_every_update_starts_from_an_absolute_place() -> None:
    canvas = Canvas(lambda: (20, 4))
    canvas.draw(START + place(0, 0) + "ab")
    canvas.update()
    for column, sign in enumerate("cd"):
        canvas.draw(place(0, column) + sign)
        assert canvas.update().startswith("\x1b[1;2H" if column else "\x1b[Hc")


def test_after_a_wide_character_the_place_is_absolute() -> None:
    canvas = Canvas(lambda: (20, 4))
    canvas.draw(START)
    canvas.update()
    canvas.draw(place(0, 0) + "世          b" + place(3, 3))
    assert canvas.update() == "\x1b[H世\x1b[1;13Hb\x1b[4;4H"


def test_frames_never_written_are_superseded() -> None:
    canvas = Canvas(lambda: (20, 4))
    canvas.draw(START)
    canvas.update()
    for tick in range(10_000):
        canvas.draw(f"{place(0, 0)}tick {tick:>5}{place(0, 0)}\x1b]22;pointer\x07")
    update = canvas.update()
    assert "tick  9999" in update
    assert len(update) < 70_000


def test_modes_pass_verbatim_and_in_order() -> None:
    canvas = Canvas(lambda: (20, 4))
    canvas.draw(START + "\x1b[?25l\x1b[>25u\x1b]52;c;QQ==\x07\x07")
    update = canvas.update()
    assert update.startswith("\x1b[?1049h\x1b[?7l\x1b[?25l\x1b[>25u\x1b]52;c;QQ==\x07\x07")
    canvas.draw("\x1b[31mred" + "\x1b[?1049l\x1b[?25h")
    assert canvas.update() == "\x1b[m\x1b[?1049l\x1b[?25h"


def test_other_sequences_pass_and_cause_a_repaint() -> None:
    canvas = Canvas(lambda: (20, 4))
    canvas.draw(START + place(0, 0) + "kept")
    canvas.update()
    canvas.draw("\x1b[2K")
    update = canvas.update()
    assert update.startswith("\x1b[2K")
    assert "kept" in update


def test_control_characters_in_text_are_dropped() -> None:
    canvas = Canvas(lambda: (20, 4))
    canvas.draw(START)
    canvas.update()
    canvas.draw(place(0, 0) + "a\x00b\x9bc\x7fd")
    assert "abcd" in canvas.update()


def test_long_updates_are_marked_where_the_terminal_knows_the_marks() -> None:
    canvas = Canvas(lambda: (200, 50))
    canvas.draw(START + "\x1b[?2026h" + filled(200, 50, "a") + "\x1b[?2026l")
    update = canvas.update()
    assert update.count("\x1b[?2026h") == update.count("\x1b[?2026l") == 1
    canvas.draw("\x1b[?2026h" + place(3, 3) + "b" + "\x1b[?2026l")
    assert "2026" not in canvas.update()


def test_a_link_is_part_of_the_style() -> None:
    canvas = Canvas(lambda: (20, 4))
    canvas.draw(START)
    canvas.update()
    canvas.draw(place(0, 0) + "\x1b]8;id=1;https://a\x1b\\see\x1b]8;;\x1b\\b")
    assert "\x1b]8;id=1;https://a\x1b\\see\x1b]8;;\x1b\\b" in canvas.update()


def test_without_unicode_every_cell_is_one_ascii_sign() -> None:
    canvas = Canvas(lambda: (20, 2), ascii_only=True)
    canvas.draw(START)
    canvas.update()
    canvas.draw(place(0, 0) + "─│▁█ 世é ok" + place(0, 0))
    update = canvas.update()
    assert update.isascii()
    assert "-|_# ??? ok" in update


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("abc", ["a", "b", "c"]),
        ("世a", ["世", "", "a"]),
        ("e\u0301a", ["e\u0301", "a"]),
        ("▁⣿│", ["▁", "⣿", "│"]),
    ],
)
def test_text_is_cut_into_cells(text: str, cells: list[str]) -> None:
    assert list(cut(text)) == cells


@given(sgr, sgr)
def test_a_transition_leads_to_the_style(first: str, second: str) -> None:
    old, new = after(PLAIN, first[2:-1]), after(PLAIN, second[2:-1])
    reached = after(old, transition(old, new)[2:-1]) if old != new else old
    assert reached == new


def test_a_transition_is_the_shorter_of_reset_and_change() -> None:
    assert transition(Style("31", "", 1 << 1), PLAIN) == "\x1b[m"
    assert transition(Style("38;2;1;2;3"), Style("38;2;1;2;3", "", 1 << 1)) == "\x1b[1m"
