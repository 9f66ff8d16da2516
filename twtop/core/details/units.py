"""Numbers with their units, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.core.format import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

_KIB: Final = 1024
_SIGN: Final = 1 << 31
NO_LIMIT: Final = (0xFFFF_FFFF, 0xFFFF_FFFF_FFFF_FFFF)
"""~0 of either width: what the kernel writes where there is no limit."""


def duration_words(microseconds: int) -> str:
    """Write how long something takes or took: ``0.85 ms``, ``12.3 ms``, ``1.2 s``, ``2 h 05 min``."""
    if microseconds < 1_000_000:
        return f"{_short(microseconds / 1000)} ms"
    seconds = microseconds / 1_000_000
    if seconds < 120:
        return f"{_short(seconds)} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02} min"


def _short(number: float) -> str:
    """Write three digits at least, and no more behind the point than they need."""
    for digits, below in ((3, 0.1), (2, 1), (1, 100)):
        if number < below:
            return f"{number:.{digits}f}" if number else "0"
    return f"{number:.0f}"


def bytes_words(number: int) -> str:
    """Write a size in full, and rounded where that is easier to read."""
    full = "1 byte" if number == 1 else f"{number:,} bytes"
    for unit, size in (("GiB", _KIB**3), ("MiB", _KIB**2), ("KiB", _KIB)):
        if number >= 10 * size or (unit != "KiB" and number >= size):
            return f"{full} ({_short(number / size)} {unit})"
    return full


def rate_words(bytes_per_s: int) -> str:
    """Write a rate in bits a second, as networks are measured."""
    if bytes_per_s in NO_LIMIT:
        return "no limit"
    bits = bytes_per_s * 8
    for unit, size in (("Gbit/s", 10**9), ("Mbit/s", 10**6), ("kbit/s", 10**3)):
        if bits >= size:
            return f"{_short(bits / size)} {unit}"
    return f"{bits} bit/s"


def share_words(part_us: int, whole_us: int) -> str:
    """Write a time and which part of another one it is."""
    share = f", {100 * part_us / whole_us:.0f} % of it" if whole_us else ""
    return f"{duration_words(part_us)}{share}"


def _signed(number: int) -> str:
    return f"-{bytes_words((_SIGN << 1) - number)}" if number >= _SIGN else bytes_words(number)


UNITS: Final[Mapping[str, Callable[[int], str]]] = {
    "us": duration_words,
    "bytes": bytes_words,
    "signed bytes": _signed,
    "bytes/s": rate_words,
    "segments": lambda number: counted(number, "segment"),
    "count": lambda number: f"{number:,}",
    "hex": lambda number: f"{number:#010x}",
}
"""How a plain number of a unit is written."""
