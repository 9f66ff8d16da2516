"""Numbers as text, most of them for a narrow column."""

from __future__ import annotations

from typing import Final

from twtop.core.timers import NO_END

_SPAN_WIDTH: Final = 7


def count_text(number: int, width: int = 9) -> str:
    """Write a count with thousands separated; shortened (``1.2M``), rounded down, where ``width`` demands it.

    From 4 characters on every count below 1,000 G fits.
    """
    plain = f"{number:,}"
    if len(plain) <= width:
        return plain
    for unit, size in (("k", 1_000), ("M", 1_000_000), ("G", 1_000_000_000)):
        short = f"{number * 10 // size / 10:.1f}{unit}" if number < 10 * size else f"{number // size}{unit}"
        if len(short) <= width and size <= number < 1000 * size:
            return short
    return f"{number // 1_000_000_000}G"


def counted(number: int, noun: str) -> str:
    """Write a count with what is counted: ``1 socket``, ``1,204 sockets``."""
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def rate_text(number: float) -> str:
    """Write a rate per second; a blank for none, so that what moves stands out."""
    if number <= 0:
        return ""
    return f"{number:.1f}" if number < 9.95 else count_text(round(number), 5)


def delta_text(number: int) -> str:
    """Write a change with its sign; nothing for no change."""
    return f"{number:+,}" if number else ""


def duration_text(milliseconds: int) -> str:
    """Write a time left: tenths below ten seconds, seconds below ten minutes, then minutes and hours.

    5 characters at most, and 49 days need no more.
    """
    seconds = max(0, milliseconds) / 1000
    if seconds < 9.95:
        return f"{seconds:.1f}s"
    if seconds < 600:
        return f"{seconds:.0f}s"
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes}m"
    return f"{minutes // 60}h{minutes % 60:02}m" if minutes < 600 else f"{minutes // 60}h"


def span_text(shortest_ms: int, longest_ms: int) -> str:
    """Write times left from shortest to longest in whole seconds; nothing where no clock runs.

    Where that takes more than 7 characters, only the longest.
    """
    if shortest_ms == NO_END or longest_ms < 0:
        return ""
    shortest, longest = -(-shortest_ms // 1000), -(-longest_ms // 1000)
    text = f"{longest}s" if shortest == longest else f"{shortest}-{longest}s"
    return text if len(text) <= _SPAN_WIDTH else duration_text(longest_ms)


def percent_text(part: float, whole: float) -> str:
    """Write a share in whole percent; ``-`` of nothing."""
    return f"{100 * part / whole:.0f}%" if whole > 0 else "-"
