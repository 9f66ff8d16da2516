"""``twtop replay``: open the screen on a recording."""

from __future__ import annotations

from contextlib import closing, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from twtop.commands.screen import screen_options, show, with_namespaces
from twtop.errors import RecordingError
from twtop.ui.terminal.capabilities import require_terminal

if TYPE_CHECKING:
    from argparse import Namespace


def replay(arguments: Namespace) -> int:
    """Show a recording until the user leaves; return the exit status.

    Raises:
        UsageError: an argument cannot be understood, or names no moment of the recording, or there is no
            terminal.
        RecordingError: the file cannot be read, or is no recording.
    """
    options = screen_options(arguments)
    from twtop.core.names.labels import NO_LABELS
    from twtop.kernel.allocator import share_one_arena
    from twtop.recording.file.reader import open_tape
    from twtop.sources.replay.player import Player
    from twtop.sources.replay.recording import Recording

    share_one_arena()
    labels = options.labels or NO_LABELS
    with closing(open_tape(Path(arguments.recording))) as tape:
        recording = Recording(tape, labels)
        row = 0 if arguments.at is None else recording.row(arguments.at)
        require_terminal("twtop snapshot --from FILE")
        # What is damaged is for the screen to say.
        with suppress(RecordingError):
            if recording.is_several(row) and arguments.keys is None:
                options = with_namespaces(options)
        player = Player(tape, labels)
        if arguments.at is None:
            player.play()
        else:
            player.seek(recording.wall_s(row))
        player.start()
        return show(options, player)
