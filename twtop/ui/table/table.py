"""The table of groups and sockets: one line each, a cursor that holds on to what is under it."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from textual.binding import Binding, BindingType
from textual.geometry import Region
from textual.message import Message

from twtop.core.table.fields import FIELDS, Cell, Field, fields_for
from twtop.core.table.view import Line, LineIdentity, Lines, Unfolding, View
from twtop.ui import styles
from twtop.ui.line_view import LineView, Part
from twtop.ui.table.names import beside, line_names, no_name
from twtop.ui.table.row_text import (
    clipped_name,
    fitting_note,
    line_notes,
    line_text,
    line_whose,
    representative,
    rows_of,
    state_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from rich.style import Style
    from textual import events

    from twtop.core.signs import Signs
    from twtop.core.sockets import Sockets
    from twtop.sources.observer import Frame


class GroupTable(LineView, can_focus=True):
    """Groups that unfold into groups and sockets."""

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("up,k", "move(-1)", "Up"),
        Binding("down,j", "move(1)", "Down"),
        Binding("pageup,ctrl+b", "page(-1)", "Page up"),
        Binding("pagedown,ctrl+f", "page(1)", "Page down"),
        Binding("home", "edge(-1)", "First line"),
        Binding("end,G", "edge(1)", "Last line"),
        Binding("right,l", "sideways(1)", "Unfold"),
        Binding("left,h", "sideways(-1)", "Fold"),
        Binding("enter", "fold_or_unfold", "Unfold or fold; on a socket, its details"),
    ]

    @dataclass
    class CursorMoved(Message):
        """Something else is under the cursor, or the same in a new view."""

    @dataclass
    class SortChosen(Message):
        """The user chose a column to sort by; the same again reverses."""

        field: str

    @dataclass
    class SocketChosen(Message):
        """The user wants to know more of a socket, given as a table of this one row."""

        one: Sockets

    def __init__(self, signs: Signs, *, id: str | None = None) -> None:  # noqa: A002 - Textual's own name
        super().__init__(id=id)
        self.signs = signs
        self.heading: str | None = None
        """The column whose title is under the cursor; None while the cursor is on a line."""
        self._lines: Lines | None = None
        self._unfolded: dict[int, Unfolding] = {}
        self._cursor = 0
        self._held: LineIdentity | None = None
        # Nothing is held until the user moves: at first the top line is of interest, whatever it is.
        self._frame_of: Callable[[int], Frame | None] = lambda _: None
        self._frozen_s: float | None = None
        self._past = False
        self.services: Mapping[int, str] = {}
        """Names of ports."""
        self.host_name: Callable[[int, int], str] = no_name
        """Finds the name of an address; empty where it is not known, or not yet."""

    @property
    def view(self) -> View | None:
        """The view that is shown."""
        return self._lines.view if self._lines else None

    @property
    def line_count(self) -> int:
        """How many lines are unfolded."""
        return len(self._lines) if self._lines else 0

    @property
    def current(self) -> Line | None:
        """The line under the cursor."""
        if self._lines is None or not len(self._lines) or self.heading is not None:
            return None
        return self._lines[self._cursor]

    @property
    def lines(self) -> Lines | None:
        """All lines."""
        return self._lines

    @property
    def current_text(self) -> str:
        """The line under the cursor as it is drawn, without padding."""
        if self.current is None:
            return ""
        return " ".join("".join(text for text, _ in self.line(self._cursor, 1000)).split())

    def show(self, view: View, frame_of: Callable[[int], Frame | None], *, past: bool = False) -> None:
        """Show a view; the cursor stays on what it was on, at the same height of the screen.

        ``frame_of`` finds the frame of a network namespace by its number. ``past``: its timers stand still.
        """
        self._frame_of, self._past = frame_of, past
        self._unfold(view)

    def freeze(self, *, frozen: bool) -> None:
        """Let the timers stand still where they are, or run down again between snapshots."""
        self._frozen_s = time.monotonic() if frozen else None

    def _unfold(self, view: View) -> None:
        offset = self._cursor - self.scroll_offset.y
        self._lines = Lines(view, self._unfolded)
        found = self._lines.find(self._held) if self._held else None
        moved = found is not None and found != self._cursor
        self._cursor = min(self._cursor if found is None else found, max(0, len(self._lines) - 1))
        if self._held is not None:
            self._hold()
        self.update_lines()
        if moved:
            self.scroll_to(y=self._cursor - offset, animate=False, immediate=True)
        self.post_message(self.CursorMoved())

    def _hold(self) -> None:
        line = self.current
        if line is not None and self._lines is not None:
            self._held = self._lines.identity(line)

    def line(self, number: int, width: int) -> list[Part]:
        """Draw one line: the changing numbers left, the words right."""
        lines = self._lines
        if lines is None or number >= len(lines):
            return []
        line = lines[number]
        cell = Cell(lines.view.moment, self.signs, self._elapsed_ms(lines.view))
        look = styles.CURSOR if self.heading is None and number == self._cursor and self.has_focus else None
        numbers = self._numbers(cell, lines, line, width)
        room = max(0, width - len(numbers))
        name = line_text(lines, line, self.signs, room)
        note = line_notes(lines, line, self._frame_at(lines, line)) if line.kind != "more" else ""
        shown = clipped_name(name, room, self.signs)
        known = line_names(lines, line, self.services, self.host_name)
        rest = fitting_note(note, room - len(shown), self.signs)
        label = beside(known.label, room - len(shown + rest))
        whose = line_whose(lines, line) if line.kind != "more" else ""
        whose = fitting_note(whose, room - len(shown + label + rest), self.signs)
        if (label or rest) and not whose.startswith("  "):
            # Next to one another they would read as one.
            whose = ""
        host = beside(known.host, room - len(shown + label + rest + whose), self.signs.ellipsis)
        service = beside(known.service, room - len(shown + label + host + rest + whose))
        if look is not None:
            return [((numbers + shown + label + host + service + rest + whose).ljust(width), look)]
        named: list[Part] = [(numbers, styles.PLAIN), (shown, self._name_style(lines, line))]
        names: list[Part] = [(label, styles.NOTE), (host + service, styles.DIM)]
        return [*named, *names, (rest, styles.WARNING), (whose, styles.PLAIN)]

    @property
    def frame_at_cursor(self) -> Frame | None:
        """The frame of the network namespace of the line under the cursor, None where it has several."""
        lines, line = self._lines, self.current
        return None if lines is None or line is None else self._frame_at(lines, line)

    def _frame_at(self, lines: Lines, line: Line) -> Frame | None:
        """Return the frame of the network namespace of a line, None where it has sockets of several."""
        sockets = lines.view.moment.snapshot.sockets
        number = int(sockets.netns[representative(lines, line)])
        if len(sockets.namespaces) > 1 and "namespace" not in lines.view.groups.keys[: line.depth + 1]:
            alike = bool((sockets.netns[rows_of(lines, line)] == number).all())
            return self._frame_of(number) if alike else None
        return self._frame_of(number)

    def _name_style(self, lines: Lines, line: Line) -> Style:
        if line.kind == "more":
            return styles.DIM
        state = state_of(lines, line)
        if line.kind == "group" and line.depth == 0:
            return styles.STATES.get(state or 0, styles.PLAIN) + styles.BOLD
        return styles.PLAIN

    @staticmethod
    def _numbers(cell: Cell, lines: Lines, line: Line, width: int) -> str:
        def text(field: Field) -> str:
            if line.kind == "group":
                return field.group_text(cell, lines.view.groups.levels[line.depth].measures, line.index)
            return field.socket_text(cell, line.index) if line.kind == "socket" else ""

        columns = fields_for(width, lines.view.spec.columns)
        return "".join(text(field).rjust(field.width) + " " for field in columns)

    def _elapsed_ms(self, view: View) -> int:
        if self._past:
            return 0
        now_s = time.monotonic() if self._frozen_s is None else self._frozen_s
        return max(0, round((now_s - view.moment.snapshot.instant_s) * 1000))

    def action_move(self, step: int) -> None:
        """Move the cursor by lines; above the first line are the titles."""
        if self.heading is not None:
            if step > 0:
                self._to(self._cursor)
        elif step < 0 and self._cursor == 0:
            sort = self.view.spec.sort if self.view else ""
            self._to_heading(sort if sort in self._titles else self._titles[0])
        else:
            self._to(self._cursor + step)

    def action_page(self, direction: int) -> None:
        """Move the cursor by a screenful."""
        self._to(self._cursor + direction * max(1, self.content_size.height - 1))

    def action_edge(self, direction: int) -> None:
        """Move the cursor to the first or last line."""
        self._to(0 if direction < 0 else self.line_count - 1)

    def action_sideways(self, direction: int) -> None:
        """Unfold, fold, go to the parent; among the titles, go to the next one."""
        if self.heading is not None:
            self._to_heading(self._beside(self.heading, direction))
            return
        lines, line = self._lines, self.current
        if lines is None or line is None:
            return
        if line.kind == "more":
            self._open_more(lines, line)
        elif line.kind == "group":
            now = lines.unfolding(line)
            if direction > 0:
                self._set(
                    lines, line, "all" if self._is_finest(lines, line) else "some" if now == "none" else "all"
                )
            elif now != "none":
                self._set(lines, line, "none")
            else:
                self._to_parent(lines, line)
        elif direction < 0:
            self._to_parent(lines, line)

    def action_fold_or_unfold(self) -> None:
        """Unfold or fold a group; open a socket; sort by the title under the cursor."""
        if self.heading is not None:
            self.post_message(self.SortChosen(self.heading))
            return
        lines, line = self._lines, self.current
        if lines is None or line is None:
            return
        if line.kind == "socket":
            one = lines.view.moment.snapshot.sockets.take(slice(line.index, line.index + 1))
            self.post_message(self.SocketChosen(one))
        elif line.kind == "more":
            self._open_more(lines, line)
        elif lines.unfolding(line) == "none":
            self._set(lines, line, "all" if self._is_finest(lines, line) else "some")
        else:
            self._set(lines, line, "none")

    @staticmethod
    def _is_finest(lines: Lines, line: Line) -> bool:
        return line.depth == len(lines.view.groups.levels) - 1

    def _open_more(self, lines: Lines, line: Line) -> None:
        self._set(lines, Line("group", line.depth - 1, line.index), "all")

    def _set(self, lines: Lines, line: Line, unfolding: Unfolding) -> None:
        self._unfolded[int(lines.view.groups.levels[line.depth].identity[line.index])] = unfolding
        self._unfold(lines.view)

    def _to_parent(self, lines: Lines, line: Line) -> None:
        for number in range(self._cursor - 1, -1, -1):
            above = lines[number]
            if above.kind == "group" and above.depth < line.depth:
                self._to(number)
                return

    def _to(self, number: int) -> None:
        self.heading = None
        self._cursor = max(0, min(number, self.line_count - 1))
        self._hold()
        self.scroll_to_region(Region(0, self._cursor, 1, 1), animate=False, immediate=True)
        self.update_lines()
        self.post_message(self.CursorMoved())

    @property
    def _titles(self) -> list[str]:
        columns = self.view.spec.columns if self.view else tuple(FIELDS)
        return [field.name for field in fields_for(self.visible_size.width, columns)]

    def _beside(self, title: str, direction: int) -> str:
        titles = self._titles
        at = titles.index(title) if title in titles else 0
        return titles[(at + direction) % len(titles)]

    def _to_heading(self, column: str) -> None:
        self.heading = column
        self.update_lines()
        self.post_message(self.CursorMoved())

    def go_to_state(self, state: int) -> None:
        """Put the cursor on the group of a state, if there is one."""
        if self._lines is None:
            return
        for number in range(len(self._lines)):
            line = self._lines[number]
            if line.kind == "group" and state_of(self._lines, line) == state:
                self._to(number)
                return

    def on_focus(self) -> None:
        """Show the cursor."""
        self.update_lines()

    def on_blur(self) -> None:
        """Hide the cursor."""
        self.update_lines()

    def on_click(self, event: events.Click) -> None:
        """Put the cursor where the mouse is; a click on the line under the cursor unfolds it."""
        number = event.y - self.gutter.top + self.scroll_offset.y
        if not 0 <= number < self.line_count:
            return
        again = number == self._cursor and self.heading is None
        self._to(number)
        if again:
            self.action_fold_or_unfold()
