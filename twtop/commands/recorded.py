"""What the command line says of a recording to be read instead of this host."""

from __future__ import annotations

from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from twtop.errors import RecordingError, UsageError
from twtop.export.output import remark
from twtop.recording.file.reader import open_tape
from twtop.sources.labels import read_user_labels
from twtop.sources.looks import Missed
from twtop.sources.replay.recording import Recording, narrowed

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Generator, Iterator

    from twtop.sources.looks import Look


def is_recorded(arguments: Namespace) -> bool:
    """Tell whether a recording is to be read; raises UsageError where what is said contradicts that."""
    if arguments.recording is None:
        if getattr(arguments, "at", None) is not None:
            raise UsageError("--at is a moment of a recording: name that with --from FILE")
        return False
    for name, why in (
        ("owners", "a recording has the owners that were found when it was made"),
        ("seconds", "a recording tells what was seen before the moment"),
        ("interval_s", "a recording has the intervals that it was made with"),
    ):
        if getattr(arguments, name, None):
            flag = name.removesuffix("_s")
            raise UsageError(f"--{flag} and --from contradict each other: {why}")
    return True


@contextmanager
def recording_of(arguments: Namespace) -> Iterator[Recording]:
    """Open what ``--from`` names, and say what of it cannot be read; raises RecordingError if nothing can."""
    with closing(open_tape(Path(arguments.recording))) as tape:
        if tape.damage:
            remark(f"{tape.name}: {tape.damage}")
        yield Recording(tape, read_user_labels())


def looks_of(
    recording: Recording, netns: str | None, *, examines: bool = True
) -> Generator[Look, None, None]:
    """Yield all looks, of one namespace if so wanted; raises UsageError where there is none like that.

    Without ``examines`` they have no findings, at less than half the cost.
    """
    for number, look in enumerate(recording.looks(examines=examines)):
        if isinstance(look, Missed):
            yield look
            continue
        try:
            yield narrowed(look, netns)
        except (RecordingError, UsageError) as error:
            # One that is not there in the beginning is more likely to be misspelt than late.
            if not number:
                raise
            yield Missed(look.moment.snapshot.wall_s, str(error))
