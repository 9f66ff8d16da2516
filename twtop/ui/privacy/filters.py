"""Masking at the one place where every line of every widget passes: Textual's line filters.

A filter sees a line as it will be on the screen, whoever drew it: panels, views, dialogs, notifications,
inputs and the command palette. So no new screen can forget it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from rich.segment import Segment
from textual.filter import LineFilter
from textual.widget import Widget

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from textual.color import Color

    from twtop.core.names.mask import Mask


_NARROW: Final = 30
"""A widget of fewer columns may break a line within an address."""


class MaskFilter(LineFilter):
    """Masks the addresses of a line, even where they change their look in the middle."""

    def __init__(self, mask: Mask) -> None:
        super().__init__(enabled=False)
        self._masked = mask.masked
        self.while_typing = _Stricter(mask.masked_typed)
        """Masks what may be a part of an address, too."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        """Return the segments with pseudonyms in place of addresses."""
        if sum(len(segment.text) for segment in segments) < _NARROW:
            return self.while_typing.apply(segments, background)
        return _masked(segments, self._masked)


class _Stricter(LineFilter):
    def __init__(self, masked: Callable[[str], str]) -> None:
        super().__init__()
        self._masked = masked

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return _masked(segments, self._masked)


def _masked(segments: list[Segment], masked: Callable[[str], str]) -> list[Segment]:
    text = "".join(segment.text for segment in segments)
    hidden = masked(text)
    if hidden == text:
        return segments
    parts, at = [], 0
    for segment in segments:
        end = at + len(segment.text)
        parts.append(Segment(hidden[at:end], segment.style, segment.control))
        at = end
    return parts


class Typed(Widget):
    """Mixed in behind widgets that show what is typed, where a line may begin within an address."""

    def get_line_filters(self) -> Sequence[LineFilter]:
        """Mask more than elsewhere."""
        return [
            each.while_typing if isinstance(each, MaskFilter) else each for each in super().get_line_filters()
        ]
