"""The words about time: where the shown look is, and how that is told from the present."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from twtop.sources.replay.player import Playback

_MB: Final = 1e6
_LONGEST_NAME: Final = 40


@dataclass(frozen=True, slots=True)
class Travel:
    """Where in time the screen is, if not at the present."""

    playback: Playback
    at_s: float
    """Unix time of the look that is wanted, and as soon as there is one, of the look that is shown."""
    replays: bool
    """It is a recording, which has no present to come back to."""
    now_s: float
    """Unix time of the present."""
    waits: bool = False
    """The wanted look has been on its way for a while."""

    @property
    def word(self) -> str:
        """What stands in the place of LIVE."""
        return "REPLAY" if self.replays else "PAST"

    @property
    def name(self) -> str:
        """The name of the recording, as far as there is room; empty of the last minutes."""
        name = self.playback.name.rpartition("/")[2] if self.replays else ""
        return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 3]}..."

    @property
    def where(self) -> str:
        """When that was what is shown: ``14:05:10, 2m 31s ago``, or ``14:05:10, 7m 29s of 10m 00s``."""
        playback = self.playback
        at = clock(self.at_s, self.now_s)
        if self.replays:
            whole_s = playback.end_s - playback.start_s
            return f"{at}, {length(self.at_s - playback.start_s)} of {length(whole_s)}"
        return f"{at}, {length(self.now_s - self.at_s)} ago"

    @property
    def going(self) -> str:
        """Whether it plays, and how fast."""
        going = "reading" if self.waits else "playing" if self.playback.playing else "paused"
        return f"{going} {self.playback.speed}x"


def clock(wall_s: float, now_s: float) -> str:
    """Write a time of the reader's clock, with the date where that is another day."""
    at, now = time.localtime(wall_s), time.localtime(now_s)
    return time.strftime("%H:%M:%S" if at[:3] == now[:3] else "%Y-%m-%d %H:%M:%S", at)


def length(seconds: float) -> str:
    """Write how long something is, in whole seconds: ``31s``, ``2m 31s``, ``1h 02m``, ``3d 04h``."""
    whole = max(0, round(seconds))
    minutes, rest = divmod(whole, 60)
    if not minutes:
        return f"{rest}s"
    hours, minutes = divmod(minutes, 60)
    if not hours:
        return f"{minutes}m {rest:02}s"
    days, hours = divmod(hours, 24)
    return f"{days}d {hours:02}h" if days else f"{hours}h {minutes:02}m"


def size_text(size: int) -> str:
    """Write a number of bytes: ``85K``, ``3.1M``."""
    return f"{size / 1e3:.0f}K" if size < _MB / 10 else f"{size / _MB:.1f}M"


def kept_text(span_s: float, size: int) -> str:
    """Say how much of the last minutes is kept: ``kept 9m 58s 3.1M``; nothing before there is any."""
    return f"kept {length(span_s)} {size_text(size)}" if size else ""
