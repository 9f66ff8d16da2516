"""What a line of the table says, in the room it has."""

from __future__ import annotations

import pytest

from tests.ui.frames import frames
from twtop.core.filter import parse
from twtop.core.signs import UNICODE
from twtop.core.table.view import Line, Lines, Spec, view
from twtop.ui.table.row_text import clipped_name, fitting_note, line_notes, line_text


def lines_of(text: str, keys: tuple[str, ...] = ("state", "peer")) -> Lines:
    """The lines of the recorded host's sockets that match, every group unfolded."""
    shown = view(frames()[-1].moment, Spec(parse(text), keys))
    return Lines(shown, {int(number): "all" for level in shown.groups.levels for number in level.identity})


def socket_text(text: str, room: int | None, keys: tuple[str, ...] = ("state", "peer")) -> str:
    lines = lines_of(text, keys)
    socket = next(lines[at] for at in range(len(lines)) if lines[at].kind == "socket")
    return line_text(lines, socket, UNICODE, room).strip()


@pytest.mark.parametrize(
    ("text", "room", "expected"),
    [
        ("dport = 33001", None, "10.0.0.7:8080 → 192.0.2.40:33001"),
        ("dport = 33001", 38, "10.0.0.7:8080 → 192.0.2.40:33001"),
        ("dport = 33001", 37, "→ 192.0.2.40:33001"),
        ("dport = 33001", 23, "192.0.2.40:33001"),
        ("state syn-sent and sport = 34002", 24, "10.0.0.7:34002 →"),
        ("state syn-sent and sport = 34002", 20, "10.0.0.7:34002"),
        ("state unconnected", 20, "10.0.0.7:36001"),
        ("listening and sport = 443", 20, "*:443"),
    ],
)
def test_a_socket_names_the_end_that_its_group_does_not(text: str, room: int | None, expected: str) -> None:
    assert socket_text(text, room) == expected


def test_a_socket_names_the_remote_end_where_no_group_does() -> None:
    assert socket_text("state syn-sent and sport = 34002", 26, ("state",)) == "→ 203.0.113.80:443"


@pytest.mark.parametrize(
    ("text", "keys", "note"),
    [
        ("state time-wait and dport = 5432", ("state", "peer"), "50% of ports"),
        ("state established and sport = 443", ("state", "peer"), ""),
        ("state established and sport = 8080", ("state",), "129 not accepted"),
        ("state close-wait and dst 192.0.2.41", ("state",), "close() missing"),
        ("state close-wait", ("state",), "37 EOF not read"),
        ("listening", ("state",), "1 queue full"),
        ("state fin-wait-2", ("state",), "3 orphan, 2 half-closed"),
        ("state fin-wait-2", ("remote-port",), ""),
    ],
)
def test_what_stands_out_in_a_group(text: str, keys: tuple[str, ...], note: str) -> None:
    lines = lines_of(text, keys)
    at = len(keys) - 1
    assert line_notes(lines, Line("group", at, 0), frames()[-1]) == note


@pytest.mark.parametrize(
    ("text", "note"),
    [
        ("dport = 33001", "EOF not read"),
        ("dport = 34001", "close() missing"),
        ("dport = 61001", "not accepted"),
        ("listening and sport = 8080", "accept queue full"),
        ("listening and sport = 443", ""),
        ("state fin-wait-1", "orphan"),
        ("state fin-wait-2 and sport = 35002", "half-closed, no limit"),
        ("state fin-wait-2 and sport = 32768", "orphan"),
        ("state time-wait and sport = 443", "restarted"),
    ],
)
def test_what_one_socket_s_signature_means(text: str, note: str) -> None:
    lines = lines_of(text)
    socket = next(lines[at] for at in range(len(lines)) if lines[at].kind == "socket")
    assert line_notes(lines, socket, None) == note


@pytest.mark.parametrize(
    ("note", "room", "shown"),
    [
        ("11 restarted", 14, "  11 restarted"),
        ("11 restarted", 13, " 11 restarted"),
        ("11 restarted", 12, ""),
        ("50% of ports", 12, "  50%"),
        ("50% of ports", 4, " 50%"),
        ("37 EOF not read", 12, "  37 unread"),
        ("close() missing", 12, "  not closed"),
        ("129 not accepted", 16, "  129 unaccepted"),
        ("3 orphan, 2 half-closed", 24, " 3 orphan, 2 half-closed"),
        ("3 orphan, 2 half-closed", 12, "  3 orphan…"),
        ("orphan, phase 1 of 2", 8, "  orphan"),
        ("nginx[77] 88%", 13, "  nginx 88%"),
        ("likely [php][1822]", 14, "  likely [php]"),
        ("", 80, ""),
    ],
)
def test_a_note_has_fewer_words_where_there_is_less_room(note: str, room: int, shown: str) -> None:
    assert fitting_note(note, room, UNICODE) == shown


@pytest.mark.parametrize(
    ("name", "room", "shown"),
    [
        ("  ▸ 10.0.0.5:5432", 17, "  ▸ 10.0.0.5:5432"),
        ("  ▸ 10.0.0.5:5432", 15, "  ▸ 10.0.0.5:…"),
        ("  ▸ 203.0.113.40:443", 12, "  ▸ 203.0.…"),
        ("  ▸ [2001:db8:20:30::8]:5432", 24, "  ▸ [2001:db8:20:…]:5432"),
        ("  ▸ [2001:db8::8]:443", 5, "  ▸ …"),
        ("TIME-WAIT", 5, "TIME…"),
        ("TIME-WAIT", 0, ""),
    ],
)
def test_a_name_is_not_cut_within_a_number(name: str, room: int, shown: str) -> None:
    assert clipped_name(name, room, UNICODE) == shown
