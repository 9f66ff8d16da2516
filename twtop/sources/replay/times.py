"""Times of a recording, as people type them.

``start``, ``end``      the first look, the last one
``next``, ``previous``  the finding after what is shown, or before it; also ``prev``
``+90s``, ``+1h30m``    so long after the start
``-10m``                so long before the end
``14:05``, ``14:05:10``  by the reader's clock, or with ``Z`` by UTC: within the recording, and if it is that
                        twice, the one nearest to what is shown, or nearest to the end
``2026-11-21T14:05:10``  also with a blank for the T, and with a zone: ``Z``, ``+01:00``
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, time, timedelta, timezone, tzinfo
from typing import TYPE_CHECKING, Final

from twtop.core.text import printable
from twtop.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

EXPECTED: Final = "a time such as 14:05, 14:05:10, 2026-11-21T14:05:10, -10m, +30s, start or end"

_UNITS: Final = {"d": 86400, "h": 3600, "m": 60, "s": 1}
_AWAY: Final = re.compile(r"([+-])(?=\d)(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?(?:(\d+(?:\.\d+)?)s)?")
_CLOCK: Final = re.compile(
    r"(?:(\d{4}-\d\d-\d\d)[t ]+)?(\d\d?):(\d\d)(?::(\d\d)(\.\d{1,6})?)?\s*(z|[+-]\d\d(?::?\d\d)?)?"
)
_LONGEST: Final = 40
_SECOND: Final = 0.999
"""Of a second that is meant, the end."""
_ALMOST_S: Final = 2.0
"""What was recorded for ten minutes may lack that of them."""
_EXACT: Final = 1e-3
"""How long a moment lasts that was said to the fraction of a second."""


def parse_time(
    text: str,
    *,
    start_s: float,
    end_s: float,
    at_s: float | None = None,
    found_s: Sequence[float] = (),
    zone: tzinfo | None = None,
) -> float:
    """Return the Unix time that a text means, within ``start_s`` and ``end_s``, those of the recording.

    A second counts to its end: ``14:05:10`` is when the clock on the screen last showed that.

    Args:
        text: what was typed.
        start_s: the first look.
        end_s: the last look.
        at_s: the look that is shown, if any.
        found_s: when something was found, ascending, for ``next`` and ``previous``.
        zone: the reader's, that of this machine if None.

    Raises:
        UsageError: it is no time, or not one of the recording.
    """
    typed = text.strip().lower()
    if typed in {"start", "end"}:
        return start_s if typed == "start" else end_s
    if typed in {"next", "previous", "prev"}:
        return _finding(found_s, at_s, forwards=typed == "next")
    if (away := _AWAY.fullmatch(typed)) is not None:
        return _away(away, text, start_s, end_s, zone)
    clock = _CLOCK.fullmatch(typed)
    if clock is None:
        raise UsageError(f"expected {EXPECTED}, found {_quoted(text)}")
    near_s = end_s if at_s is None else at_s
    try:
        moments = list(_moments(clock, near_s, zone))
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{_quoted(text)} is no time: {error}") from error
    clipped = [_clipped(begin, until, start_s, end_s) for begin, until in moments]
    within = [moment for moment in clipped if moment is not None]
    if not within:
        raise _outside(text, start_s, end_s, zone)
    return min(within, key=lambda moment: abs(moment - near_s))


def moment_text(wall_s: float) -> str:
    """Write a moment by the reader's clock, so that `parse_time` understands it."""
    return f"{_local(wall_s, None):%Y-%m-%d %H:%M:%S}"


def range_text(start_s: float, end_s: float, zone: tzinfo | None = None) -> str:
    """Write from when to when something is, by the reader's clock, each day once."""
    start, end = _local(start_s, zone), _local(end_s, zone)
    until = f"{end:%H:%M:%S}" if start.date() == end.date() else f"{end:%Y-%m-%d %H:%M:%S}"
    name = printable(end.tzname() or "")
    return f"{start:%Y-%m-%d %H:%M:%S} to {until} {name}".rstrip()


def _finding(found_s: Iterable[float], at_s: float | None, *, forwards: bool) -> float:
    moments = sorted(found_s)
    if at_s is not None:
        moments = [moment for moment in moments if (moment > at_s if forwards else moment < at_s)]
    if not moments:
        where = "in this recording" if at_s is None else "after this" if forwards else "before this"
        raise UsageError(f"nothing was found {where}")
    return moments[0 if forwards else -1]


def _away(away: re.Match[str], text: str, start_s: float, end_s: float, zone: tzinfo | None) -> float:
    sign, *numbers = away.groups()
    away_s = sum(
        float(number) * size for number, size in zip(numbers, _UNITS.values(), strict=True) if number
    )
    moment = start_s + away_s if sign == "+" else end_s - away_s
    if not start_s - _ALMOST_S <= moment <= end_s + _ALMOST_S:
        raise _outside(text, start_s, end_s, zone)
    return min(max(moment, start_s), end_s)


def _moments(clock: re.Match[str], near_s: float, zone: tzinfo | None) -> Iterator[tuple[float, float]]:
    """Yield from when to when the clock shows a text: on a day that was said, or on those around a moment."""
    day, hour, minute, second, fraction, said = clock.groups()
    zone = _zone(said) if said else zone
    if day:
        days = [date.fromisoformat(day)]
    else:
        days = [_local(near_s, zone).date() + timedelta(away) for away in (-2, -1, 0, 1, 2)]
    width_s = _EXACT if fraction else 60.0 if second is None else 1.0
    for each in days:
        shown = datetime.combine(each, time(int(hour), int(minute), int(second or 0)))
        # An hour comes twice in autumn; one that is left out in spring would be read as another.
        for moment in {shown.replace(tzinfo=zone, fold=fold).timestamp() for fold in (0, 1)}:
            if _local(moment, zone).replace(tzinfo=None, fold=0) == shown:
                begin_s = moment + float(fraction or 0)
                yield begin_s, begin_s + width_s


def _zone(said: str) -> tzinfo:
    if said == "z":
        return UTC
    digits = said[1:].replace(":", "").ljust(4, "0")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return timezone(-offset if said[0] == "-" else offset)


def _clipped(begin_s: float, until_s: float, start_s: float, end_s: float) -> float | None:
    """Return the moment meant by one that lasts; None where the recording has nothing of it."""
    if begin_s > end_s or until_s <= start_s:
        return None
    return min(max(begin_s + min(_SECOND, until_s - begin_s), start_s), end_s)


def _local(wall_s: float, zone: tzinfo | None) -> datetime:
    return datetime.fromtimestamp(wall_s, UTC).astimezone(zone)


def _outside(text: str, start_s: float, end_s: float, zone: tzinfo | None) -> UsageError:
    return UsageError(
        f"{_quoted(text)} is not in this recording, which is of {range_text(start_s, end_s, zone)}"
    )


def _quoted(text: str) -> str:
    return repr(printable(text.strip())[:_LONGEST])
