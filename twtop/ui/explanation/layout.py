"""An explanation as lines of a given width, with the places that lead to other explanations."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

from twtop.core.text import printable
from twtop.knowledge.topics import find, named
from twtop.ui import styles
from twtop.ui.explanation.wrapping import wrap

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from rich.style import Style

    from twtop.core.signs import Signs
    from twtop.knowledge.explanation import Explanation, MythRow, Section, SectionKind, SysctlRow
    from twtop.knowledge.topics import Topic

NARROWEST: Final = 20
"""Narrower pages are laid out for this width."""

_NARROW: Final = 40
_WIDE_INDENT, _NARROW_INDENT = 8, 2
_LONGEST_VALUE: Final = 60
_BULLETS: Final = {"list": "- ", "steps": "- ", "sources": "- "}
_NAME: Final = re.compile(r"[A-Za-z][\w.-]*\w")


@dataclass(frozen=True, slots=True)
class Link:
    """The first mention of a topic in a section of an explanation."""

    section: int
    topic: Topic


@dataclass(frozen=True, slots=True)
class Piece:
    """Some text of one look, part of a link or of none."""

    text: str
    style: Style = styles.PLAIN
    link: Link | None = None


@dataclass(frozen=True, slots=True)
class Page:
    """Laid out lines, and the links in reading order, each with the number of the line where it begins."""

    width: int
    lines: tuple[tuple[Piece, ...], ...]
    links: Mapping[Link, int]


def lay_out(explanation: Explanation, width: int, signs: Signs) -> Page:
    """Lay out all but the title; no line is wider than `width` columns (at least 20)."""
    lines: list[tuple[Piece, ...]] = []
    for number, section in enumerate(explanation.sections):
        writer = _SectionWriter(explanation.topic, number, max(width, NARROWEST), signs)
        lines.extend(writer.lines(section))
    links: dict[Link, int] = {}
    for at, line in enumerate(lines):
        for piece in line:
            if piece.link is not None:
                links.setdefault(piece.link, at)
    return Page(width, tuple(lines), links)


class _SectionWriter:
    """Writes one section: its heading in a column of its own, where that leaves room for the text."""

    def __init__(self, own_topic: str, number: int, width: int, signs: Signs) -> None:
        self._own_topic = own_topic
        self._number = number
        self._width = width
        self._indent = _WIDE_INDENT if width >= _NARROW else _NARROW_INDENT
        self._signs = signs
        self._linked: set[Topic] = set()

    def lines(self, section: Section) -> Iterator[tuple[Piece, ...]]:
        """Yield the lines of the section."""
        entries = [self._sysctl(row) for row in section.rows]
        entries += [self._myth(myth) for myth in section.myths]
        entries += [self._line(line, section.kind) for line in section.lines]
        hangs = section.kind in _BULLETS or section.rows or section.myths
        for position, entry in enumerate(entries):
            # An item that is advice against something must say so wherever a page begins.
            named_again = position == 0 or section.kind == "warning"
            label = self._label(section) if named_again else Piece(" " * self._indent)
            yield from self._broken([label, *entry], self._indent + (2 if hangs else 0))

    def _line(self, line: str, kind: SectionKind) -> list[Piece]:
        bullet = _BULLETS.get(kind, "")
        if kind == "steps" and line.startswith("$ "):
            return [Piece(" " * len(bullet)), Piece(printable(line), styles.BOLD)]
        return [Piece(bullet), *self._sentence(line, with_links=kind not in ("sources", "code"))]

    def _label(self, section: Section) -> Piece:
        heading = section.heading
        text = heading.ljust(self._indent) if len(heading) < self._indent else f"{heading}  "
        return Piece(text, styles.WARNING + styles.BOLD if section.kind == "warning" else styles.BOLD)

    def _sentence(self, text: str, with_links: bool = True) -> Iterator[Piece]:
        text = printable(text)
        end = 0
        for match in _NAME.finditer(text) if with_links else ():
            topic = named(match[0])
            link = None if topic is None else self._link(topic)
            if link is not None:
                yield Piece(text[end : match.start()])
                yield Piece(match[0], styles.NOTE, link)
                end = match.end()
        yield Piece(text[end:])

    def _link(self, topic: Topic) -> Link | None:
        if topic.name == self._own_topic or topic in self._linked:
            return None
        self._linked.add(topic)
        return Link(self._number, topic)

    def _sysctl(self, row: SysctlRow) -> list[Piece]:
        link = self._link(find(row.name))
        look = styles.WARNING + styles.BOLD if row.state == "changed" else styles.PLAIN
        pieces = [Piece(row.name, styles.BOLD if link is None else styles.NOTE, link)]
        if row.value is not None:
            value = printable(row.value) or "empty"
            # A list of ports may be endless; its own page shows all of it.
            pieces += [Piece(" = "), Piece(value if link is None else self._short(value), look)]
        pieces.append(Piece(f" ({printable(row.note)})", look))
        pieces.append(Piece(f" [{row.unit}, per {row.scope}]: {row.meaning}"))
        return pieces

    def _myth(self, myth: MythRow) -> list[Piece]:
        link = self._link(find(myth.name))
        claim = Piece(f' "{myth.claim}" {self._signs.arrow} ', styles.DIM)
        return [Piece(myth.name, styles.NOTE, link), claim, Piece(myth.truth)]

    def _short(self, value: str) -> str:
        return self._signs.clipped(value, _LONGEST_VALUE)

    def _broken(self, pieces: Sequence[Piece], hanging: int) -> Iterator[tuple[Piece, ...]]:
        text = "".join(piece.text for piece in pieces)
        for number, line in enumerate(wrap(text, self._width, hanging)):
            parts = _between(pieces, line.start, line.stop)
            yield (Piece(" " * hanging), *parts) if number else tuple(parts)


def _between(pieces: Sequence[Piece], start: int, stop: int) -> Iterator[Piece]:
    """Yield what lies between two positions of the pieces' joined text."""
    for piece in pieces:
        text = piece.text[max(0, start) : max(0, stop)]
        if text:
            yield replace(piece, text=text)
        start -= len(piece.text)
        stop -= len(piece.text)
