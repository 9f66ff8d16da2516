"""A recording for commands: one look of it, or all one after the other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.core.format import counted
from twtop.core.names.labels import NO_LABELS, Labels
from twtop.errors import RecordingError, UsageError
from twtop.recording.tape import trouble_s
from twtop.sources.looks import Missed
from twtop.sources.panorama import Panorama
from twtop.sources.replay.course import NEAR_S, Budget
from twtop.sources.replay.projector import Projector
from twtop.sources.replay.reel import Reel
from twtop.sources.replay.schedule import Schedule
from twtop.sources.replay.times import moment_text, parse_time
from twtop.sources.watch import ALL

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.recording.tape import Tape
    from twtop.sources.looks import Look
    from twtop.sources.panorama import Looked

_MOST_NAMED: Final = 10
_ALONE: Final = Budget(cpu_s=0.0)
_WITH_PAST: Final = Budget(cpu_s=4.0, least=2)
"""Whoever asks once can wait for all that was seen before."""


class Recording:
    """The looks that a tape has when it is opened."""

    def __init__(self, tape: Tape, labels: Labels = NO_LABELS) -> None:
        """Raises RecordingError where there are none."""
        index = tape.index()
        if not len(index):
            raise RecordingError(f"{tape.name}: there is no look in it yet")
        self.tape: Final = tape
        self._labels = labels
        self._schedule = Schedule.of(index)

    def row(self, at: str | None) -> int:
        """Return the row of the moment that a text means, the last one without; raises UsageError."""
        schedule = self._schedule
        if at is None:
            return len(schedule) - 1
        found_s = trouble_s(self.tape.marks())
        start_s, end_s = float(schedule.wall_s[0]), float(schedule.wall_s[-1])
        return schedule.row_at(parse_time(at, start_s=start_s, end_s=end_s, found_s=found_s))

    def wall_s(self, row: int) -> float:
        """Return the Unix time of a look."""
        return float(self._schedule.wall_s[row])

    def is_several(self, row: int) -> bool:
        """Tell whether a look is of all namespaces; raises RecordingError where it cannot be read."""
        return self.tape.look(self._schedule.number(row)).several

    def past_s(self, row: int) -> float:
        """Return how much of the time before a look counts for what is found in it."""
        begin = self._schedule.begin(row)
        return min(NEAR_S, float(self._schedule.wall_s[row] - self._schedule.wall_s[begin]))

    def look(self, row: int, *, alone: bool = False) -> Looked:
        """Return what was to be seen at a look; ``alone``: without what follows from those before.

        Raises RecordingError where it cannot be read.
        """
        projector = Projector(self.tape, self._labels)
        try:
            projector.aim(self._schedule, row, _ALONE if alone else _WITH_PAST)
            while (looked := projector.work()) is None:
                pass
        except RecordingError as error:
            name, at = self.tape.name, moment_text(self.wall_s(row))
            why = str(error).removeprefix(f"{name}: ")
            raise RecordingError(f"{name}: {at} cannot be shown, other moments may: {why}") from error
        return looked

    def looks(self, *, examines: bool = True) -> Iterator[Look]:
        """Yield all looks, the oldest first; of what cannot be read the first that is missed.

        Without ``examines`` they have no findings, at less than half the cost.
        """
        reel, schedule = Reel(self.tape, self._labels, examines=examines), self._schedule
        row: int | None = 0
        while row is not None and row < len(schedule):
            if schedule.begin(row) == row:
                reel.forget()
            try:
                yield reel.show(schedule.number(row), schedule.since_last_s(row))
                row += 1
            except RecordingError as error:
                yield Missed(self.wall_s(row), str(error))
                row = schedule.next_key(row)


def narrowed(looked: Looked, netns: str | None) -> Looked:
    """Return what there was to see of one namespace, by its name or number, or of all.

    Raises UsageError where the recording is of one namespace, or has none of that name.
    """
    if netns is None or (netns == ALL and isinstance(looked, Panorama)):
        return looked
    if not isinstance(looked, Panorama):
        label = looked.host.namespace_label
        raise UsageError(f"--netns: the recording is of one network namespace, {label}, at that moment")
    places = [
        place for place in looked.places if netns in {place.namespace.name, str(place.namespace.number)}
    ]
    if not places:
        names = [place.namespace.name for place in looked.places]
        more = f" and {counted(len(names) - _MOST_NAMED, 'other')}" if len(names) > _MOST_NAMED else ""
        raise UsageError(
            f"--netns: there is no {netns!r} in the recording at that moment, but"
            f" {', '.join(names[:_MOST_NAMED])}{more}"
        )
    (place, *_) = places
    if place.frame is None:
        raise RecordingError(f"namespace {place.namespace.name} could not be read: {place.problem}")
    return place.frame
