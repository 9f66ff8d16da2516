"""``twtop diff``: compare two moments of a recording."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.commands.choices import chosen_options
from twtop.commands.recorded import recording_of
from twtop.core.table.keys import DEFAULT_KEYS, DEFAULT_KEYS_OF_ALL
from twtop.core.table.view import Spec
from twtop.export.comparison.json_ import comparison_json
from twtop.export.comparison.table import comparison_table
from twtop.export.output import emit
from twtop.export.records import Origin
from twtop.sources.comparison.comparing import compare
from twtop.sources.comparison.kept import kept
from twtop.sources.panorama import Panorama
from twtop.sources.replay.recording import narrowed

if TYPE_CHECKING:
    from argparse import Namespace

_NAMES: Final = ("A", "B")


def diff(arguments: Namespace) -> int:
    """Compare, and print the comparison; return the exit status.

    Raises:
        UsageError: an argument cannot be understood, or the moments have nothing in common.
        RecordingError: the recording cannot be read.
        HostError: standard output cannot be written.
    """
    with recording_of(arguments) as recording:
        rows = sorted(map(recording.row, (arguments.since, arguments.until)))
        before, after = (narrowed(recording.look(row), arguments.netns) for row in rows)
        origin = Origin.of(recording.tape)
    chosen = {
        "keys": DEFAULT_KEYS_OF_ALL if isinstance(after, Panorama) else DEFAULT_KEYS,
        **chosen_options(arguments, ("filter", "keys")),
    }
    found = compare(kept(before), kept(after), Spec(**chosen), most=arguments.limit)
    if arguments.format == "table":
        emit(comparison_table(found, _NAMES, after.host, origin))
    else:
        emit([comparison_json(found, after.host, origin)])
    return 0
