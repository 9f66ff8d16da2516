"""The keys that go through time: into the last minutes while collecting goes on, and through recordings."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final

from textual.message import Message

from twtop.core.drain import MINUTE_S, DrainTrack
from twtop.core.names.labels import NO_LABELS
from twtop.recording.tape import trouble_s
from twtop.sources.collector import Crash, Failure
from twtop.sources.observer import Frame
from twtop.sources.panorama import Panorama
from twtop.sources.replay.player import SPEEDS, Player
from twtop.ui.actions import Actions
from twtop.ui.frame_screen import FrameScreen
from twtop.ui.timeline.entry import TYPING_KEYS, Reach
from twtop.ui.timeline.words import Travel, kept_text

if TYPE_CHECKING:
    from twtop.core.filter import Expr
    from twtop.sources.collector import Result
    from twtop.sources.panorama import Looked
    from twtop.ui.comparison.marks import Marks
    from twtop.ui.timeline.panel import TimelinePanel

_NOTHING_KEPT: Final = "Nothing is kept yet."
_EARLIER: Final = 1e-6
"""Seconds; less than there is between two looks."""


class TimelineActions(Actions, inherit_bindings=False):
    """Shows the past in place of the present, and comes back; the present is collected all the while."""

    marks: Marks
    _result: Result | None
    """The newest of what is collected."""
    _problem: str | None
    """Why there is nothing newer to see."""
    _track: DrainTrack
    _played: Result | None = None
    """The newest that the player has shown, seen or not."""
    _past: Looked | None = None
    """What the player showed last; None in the present, and until there is anything."""
    _waits = False
    """What the player is to show takes longer than a moment."""

    @dataclass
    class Played(Message):
        """The player shows something else; a newer one takes its place."""

        def can_replace(self, message: Message) -> bool:
            """Let one message stand for all that wait."""
            return isinstance(message, TimelineActions.Played)

    # To the past and back

    def _play(self, player: Player) -> None:
        """Show what a player shows."""
        self._player = player
        self._past = self._played = None
        if self._frozen:
            self._frozen = False
            self._panels.table.freeze(frozen=False)
        player.listen(partial(self._take, player))
        player.start()
        self._show_status()
        self._show_keys()
        self._show_time()

    def _take(self, player: Player, result: Result) -> None:
        """Take a result from the player's thread."""
        if player is self._player:
            self._played = result
            self.post_message(self.Played())

    def on_timeline_actions_played(self) -> None:
        """Show the newest result of the player."""
        match self._played:
            case Crash(error):
                raise error
            case Failure(reason):
                self._problem = reason
                self._show_status()
            case Frame() | Panorama() as looked:
                self._problem = None
                # That playing ended is told with the same look once more.
                if looked is not self._past and not _goes_on(self._past, looked):
                    self._track = DrainTrack()
                self._past = looked
                self._stale.set()
        self._show_time()
        if self._player is not None and self._collector is not None:
            playback = self._player.playback
            if playback.playing and playback.at_end:
                # It caught up with the present.
                self._go_live()

    def _go_live(self) -> None:
        """Come back to the present, which shows the newest at once."""
        if self._player is not None:
            self._player.stop()
        self._player = self._past = self._played = None
        self._track = DrainTrack()
        self._problem = self._result.reason if isinstance(self._result, Failure) else None
        self._stale.set()
        self._show_status()
        self._show_keys()
        self._show_time()

    def _past_player(self) -> Player | None:
        """Return the player; in the present another one that is to begin; None where nothing is kept."""
        if self._player is not None:
            return self._player
        if self._collector is None or self._shown is None or not len(self._collector.ring.index()):
            self.notify(_NOTHING_KEPT, timeout=3)
            return None
        player = Player(self._collector.ring, self._options.labels or NO_LABELS)
        player.seek(self._shown_s)
        return player

    @property
    def _shown_s(self) -> float:
        """Unix time of what is shown."""
        return self._shown.looked.moment.snapshot.wall_s if self._shown is not None else 0.0

    # What the keys do

    def action_step(self, looks: int) -> None:
        """Show an earlier or a later look; after the last one the present."""
        player = self._player
        if player is None and looks > 0:
            self.notify("This is live: there is nothing later.", timeout=3)
        elif player is None:
            if (player := self._past_player()) is not None:
                player.seek(self._shown_s - _EARLIER)
                self._play(player)
        elif looks > 0 and player.playback.at_end:
            self._beyond_the_end()
        else:
            player.step(looks)
            self._show_time()

    def _beyond_the_end(self) -> None:
        if self._collector is None:
            self.notify("This is the end of the recording.", timeout=3)
        else:
            self._go_live()

    def action_seek_finding(self, step: int) -> None:
        """Show the look in which something was found, or got worse, before or after what is shown."""
        player = self._past_player()
        if player is None:
            return
        if not player.seek_mark(step):
            self.notify(f"Nothing was found {'after' if step > 0 else 'before'} this.", timeout=3)
        elif self._player is None:
            self._play(player)
        self._show_time()

    def action_speed(self, step: int) -> None:
        """Play faster or slower."""
        if self._player is None:
            self.notify("Live cannot be faster or slower: go into the past first.", timeout=4)
            return
        at = SPEEDS.index(self._player.playback.speed) + step
        self._player.set_speed(SPEEDS[min(max(at, 0), len(SPEEDS) - 1)])
        self._show_time()

    def action_freeze(self) -> None:
        """Play or pause; in the present, hold the screen still or let it go on."""
        if self._player is None:
            super().action_freeze()
            return
        playback = self._player.playback
        if playback.playing:
            self._player.pause()
        elif playback.at_end:
            self._beyond_the_end()
        else:
            self._player.play()
        self._show_time()

    def action_clear_filter(self) -> None:
        """Let every socket through; where all are let through already, come back to the present."""
        if self._player is not None and self._collector is not None and not self._panels.filter_bar.text:
            self._go_live()
        else:
            super().action_clear_filter()

    def action_type_time(self) -> None:
        """Begin to type a time."""
        if self._reach() is None:
            self.notify(_NOTHING_KEPT, timeout=3)
        elif not self._panels.filter_bar.is_open:
            self._panels.footer.show_keys([*TYPING_KEYS])
            self._panels.time_entry.open(self._reach, self._go_to)

    def _go_to(self, wall_s: float | None) -> None:
        """Show the time that was typed, None for the present."""
        if wall_s is not None:
            self._seek(wall_s)
        elif self._player is not None:
            self._go_live()

    def on_time_entry_closed(self) -> None:
        """Give the keys back to the table."""
        self._leave_entry()

    def on_timeline_panel_clicked(self, event: TimelinePanel.Clicked) -> None:
        """Show the time that was clicked."""
        self._seek(event.wall_s)

    def _seek(self, wall_s: float) -> None:
        player = self._past_player()
        if player is not None:
            player.seek(wall_s)
            if self._player is None:
                self._play(player)
            self._show_time()

    def _reach(self) -> Reach | None:
        """Return where one can go; None where nothing is kept."""
        if self._player is not None:
            playback = self._player.playback
            index, marks, at_s = playback.index, playback.marks, playback.at_s
        elif self._collector is not None:
            ring = self._collector.ring
            index, marks, at_s = ring.index(), ring.marks(), self._shown_s
        else:
            return None
        if not len(index):
            return None
        has_present = self._collector is not None
        return Reach(float(index.wall_s[0]), float(index.wall_s[-1]), at_s, trouble_s(marks), has_present)

    def _set_filter(self, expression: Expr) -> None:
        super()._set_filter(expression)
        if self._player is not None and not self._panels.filter_bar.is_open:
            # The key that clears it means something else now.
            self._show_keys()

    # What is shown

    @property
    def travel(self) -> Travel | None:
        """Where in time the screen is; None at the present."""
        if self._player is None:
            return None
        playback = self._player.playback
        at_s = playback.at_s
        if self._past is not None and not playback.seeking:
            # It may be one that is not kept any more.
            at_s = self._past.moment.snapshot.wall_s
        waits = self._waits and playback.seeking
        return Travel(playback, at_s, self._collector is None, time.time(), waits)

    def _kept_text(self) -> str:
        """Say how much of the last minutes is kept."""
        ring = None if self._collector is None else self._collector.ring
        return "" if ring is None else kept_text(ring.span_s, ring.size)

    def _show_time(self, *, waits: bool = False) -> None:
        """Show where in time the screen is."""
        self._waits = waits
        travel = self.travel
        self._panels.timeline.show(travel, self.marks.wall_times)
        if isinstance(self.screen, FrameScreen):
            self.screen.show_time(f"{travel.word} {travel.where}" if travel else "")


def _goes_on(before: Looked | None, looked: Looked) -> bool:
    """Tell whether a look comes after another one as time goes by, not in a jump."""
    if before is None:
        return False
    return 0 < looked.moment.snapshot.instant_s - before.moment.snapshot.instant_s <= MINUTE_S
