r"""Text as man(7) wants it.

Sources: man(7), groff_man_style(7), groff_char(7): how ``-``, ``'``, ``^``, `````, ``~`` or ``\`` looks like
in text, and how to write the character of the keyboard that examples need.
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_KEYBOARD: Final = str.maketrans(
    {"\\": r"\e", "-": r"\-", "'": r"\(aq", '"': r"\(dq", "^": r"\(ha", "`": r"\(ga", "~": r"\(ti"}
)
_WIDTH: Final = 66
"""Escapes make lines longer; 80 is the most."""


def escaped(text: str) -> str:
    """Return text that shows as it is; what is not ASCII by its number."""
    shown = text.translate(_KEYBOARD)
    return "".join(each if each.isascii() else f"\\[u{ord(each):04X}]" for each in shown)


def filled(text: str) -> Iterator[str]:
    """Yield the lines of a paragraph; the formatter breaks them anew."""
    for line in wrap(text, _WIDTH, break_long_words=False, break_on_hyphens=False):
        yield _line(line)


def verbatim(lines: Iterable[str]) -> Iterator[str]:
    """Yield lines that stay as they are, indented."""
    yield ".RS 4"
    yield ".nf"
    yield from map(_line, lines)
    yield ".fi"
    yield ".RE"


def section(title: str) -> str:
    """Return the heading of a section."""
    return f'.SH "{escaped(title)}"'


def subsection(title: str) -> str:
    """Return the heading of a part of a section."""
    return f'.SS "{escaped(title)}"'


def entry(term: str, text: str) -> Iterator[str]:
    """Yield an entry of a list; its term is roff already."""
    yield ".TP"
    yield term
    yield from filled(text)


def bold(text: str) -> str:
    """Return what is typed as it stands."""
    return rf"\fB{escaped(text)}\fR"


def italic(text: str) -> str:
    """Return what stands for something else."""
    return rf"\fI{escaped(text)}\fR"


def _line(text: str) -> str:
    shown = escaped(text)
    # A control character at the start of a line would make a request of it; a blank line is none in roff.
    return rf"\&{shown}" if shown.startswith(".") or not shown.strip() else shown
