"""Styles of cells: reading SGR sequences, and writing the shortest one that leads from a style to another.

Codes are those of ECMA-48 8.3.117 (SGR); hyperlinks are OSC 8.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

_ON: Final = (1, 2, 3, 4, 5, 6, 7, 8, 9, 21, 51, 52, 53)


def _bits(*codes: int) -> int:
    return sum(1 << code for code in codes)


_OFF: Final = {
    22: _bits(1, 2),
    23: _bits(3),
    24: _bits(4, 21),
    25: _bits(5, 6),
    27: _bits(7),
    28: _bits(8),
    29: _bits(9),
    54: _bits(51, 52),
    55: _bits(53),
}
_SEEN_ON_BLANK: Final = _bits(4, 7, 9, 21, 51, 52, 53)


class Style(NamedTuple):
    """How a cell looks: colours as SGR parameters ("" is the default), attributes as bits 1 << SGR code."""

    foreground: str = ""
    background: str = ""
    attributes: int = 0
    link: str = ""


PLAIN: Final = Style()


@lru_cache(maxsize=4096)
def after(style: Style, parameters: str) -> Style:
    """Apply the parameters of one SGR sequence ("1;38;5;2") to a style; unknown ones are ignored."""
    foreground, background, attributes, link = style
    codes = iter(parameters.split(";"))
    for text in codes:
        code = int(text or 0)
        if code == 0:
            foreground, background, attributes = "", "", 0
        elif code in _ON:
            attributes |= 1 << code
        elif code in _OFF:
            attributes &= ~_OFF[code]
        elif 30 <= code <= 39 or 90 <= code <= 97:
            foreground = _color(text, codes)
        elif 40 <= code <= 49 or 100 <= code <= 107:
            background = _color(text, codes)
    return Style(foreground, background, attributes, link)


def _color(code: str, rest: Iterator[str]) -> str:
    if code in {"39", "49"}:
        return ""
    if code not in {"38", "48"}:
        return code
    kind = next(rest, "")
    arguments = [next(rest, "0") for _ in range(1 if kind == "5" else 3)]
    return ";".join([code, kind, *arguments])


@lru_cache(maxsize=4096)
def on_blank(style: Style) -> Style:
    """Leave out of a style what cannot be seen on a blank: styles that look alike there become equal."""
    return style if style.attributes & _SEEN_ON_BLANK else Style(background=style.background, link=style.link)


@lru_cache(maxsize=4096)
def transition(old: Style, new: Style) -> str:
    """Return the shortest sequences that turn the terminal from one style to another."""
    change = _change(old, new)
    reset = ";".join(["0", *_on(new.attributes), *filter(None, (new.foreground, new.background))])
    if reset == "0":
        reset = ""
    link = "" if old.link == new.link else f"\x1b]8;{new.link or ';'}\x1b\\"
    if change is None:
        return link
    return f"\x1b[{min(reset, change, key=len)}m{link}"


def _change(old: Style, new: Style) -> str | None:
    """Return the SGR parameters that change only what differs, None when nothing does."""
    codes: list[str] = []
    lost = old.attributes & ~new.attributes
    gained = new.attributes & ~old.attributes
    for off, bits in _OFF.items():
        if lost & bits:
            codes.append(str(off))
            gained |= new.attributes & bits
    codes += _on(gained)
    if old.foreground != new.foreground:
        codes.append(new.foreground or "39")
    if old.background != new.background:
        codes.append(new.background or "49")
    return ";".join(codes) if codes else None


def _on(attributes: int) -> list[str]:
    return [str(code) for code in _ON if attributes & 1 << code]
