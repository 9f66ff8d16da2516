"""What a recording shows, look after look."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from twtop.core.names.labels import NO_LABELS, Labels
from twtop.core.owners.registry import Registry
from twtop.errors import RecordingError
from twtop.kernel.host import HostInfo
from twtop.kernel.namespaces.listing import Namespace
from twtop.recording.codec.decoder import Decoder
from twtop.sources.observer import Observer
from twtop.sources.panorama import Panorama, Place, panorama

if TYPE_CHECKING:
    from twtop.core.snapshot import Snapshot
    from twtop.recording.tape import Look, Part, Stream, Tape
    from twtop.sources.panorama import Looked


class _Line:
    """One namespace, in the order of its looks."""

    def __init__(self, stream: Stream, labels: Labels, registry: Registry, *, examines: bool) -> None:
        self._host = HostInfo(stream.hostname, stream.kernel, stream.label, stream.namespaced)
        self._labels = labels
        self._registry = registry
        self._examines = examines
        self._decoder = Decoder(registry)
        self._observer: Observer | None = None
        self._place = Place(Namespace(stream.number, stream.name), None, "it was not read yet")
        self._behind = b""
        """A snapshot that was passed over, and not decoded yet: if nothing comes after it, it counts."""

    def forget(self) -> None:
        """Let the next snapshot be the first."""
        self._observer = None

    def begin_chapter(self) -> None:
        """Let the next snapshot be one that can be decoded by itself."""
        self._decoder = Decoder(self._registry)
        self._behind = b""

    def pass_over(self, part: Part) -> None:
        """Go on to the next look without showing it."""
        if part.body:
            self._catch_up()
            self._behind = part.body
        elif not part.rests:
            self._lose(part.problem)

    def show(self, part: Part) -> Place:
        """Go on to the next look."""
        if part.body:
            self._catch_up()
            self._see(self._decoder.decode(part.body))
        elif part.rests:
            if self._behind:
                body, self._behind = self._behind, b""
                self._see(self._decoder.decode(body))
            self._place = replace(self._place, rests=True)
        else:
            self._lose(part.problem)
        return self._place

    def _catch_up(self) -> None:
        body, self._behind = self._behind, b""
        if body:
            self._decoder.skip(body)

    def _see(self, snapshot: Snapshot) -> None:
        if self._observer is None:
            self._observer = Observer(self._host, labels=self._labels, examines=self._examines)
        frame = self._observer.observe(snapshot)
        # Where nothing was looked for, UDP was not either.
        idle = not len(snapshot.sockets) and snapshot.udp_ports is None
        self._place = Place(self._place.namespace, frame, idle=idle)

    def _lose(self, problem: str) -> None:
        """Forget what was seen of it, as was done when it could not be read."""
        self._place = Place(self._place.namespace, None, problem)
        self._observer = None


class Reel:
    """Decodes and observes the looks of a tape one after the other; for one thread."""

    def __init__(self, tape: Tape, labels: Labels = NO_LABELS, *, examines: bool = True) -> None:
        """Without ``examines`` there are no findings to see, at less than half the cost."""
        self._tape = tape
        self._labels = labels
        self._examines = examines
        self._registry = Registry()
        self._lines: dict[int, _Line] = {}
        self._instant_s = float("-inf")

    def forget(self) -> None:
        """Let the next look be the first one that was ever seen."""
        self._instant_s = float("-inf")
        for line in self._lines.values():
            line.forget()

    def pass_over(self, number: int) -> None:
        """Go on to a look without showing it: the one after the last one, or a key look."""
        look = self._next(number)
        for part in look.parts:
            self._line(part.stream).pass_over(part)

    def show(self, number: int, interval_s: float = 0.0) -> Looked:
        """Go on to a look as `pass_over` does, and return what there is to see.

        ``interval_s`` is the time since the look before. Raises RecordingError where it cannot be read.
        """
        look = self._next(number)
        places = [self._line(part.stream).show(part) for part in look.parts]
        looked = panorama(places) if look.several else places[0].frame
        if looked is None or (isinstance(looked, Panorama) and not any(place.frame for place in places)):
            raise RecordingError(f"nothing could be read at that moment: {places[0].problem}")
        return looked.at_cost(interval_s, 0.0)

    def _next(self, number: int) -> Look:
        look = self._tape.look(number)
        if not look.parts:
            raise RecordingError("nothing was read at that moment")
        if look.is_key and self._registry.is_crowded:
            self._registry = Registry()
            self._lines.clear()
        # A machine that was started anew, or another one.
        if look.instant_s <= self._instant_s:
            self.forget()
        self._instant_s = look.instant_s
        there = {part.stream for part in look.parts}
        for stream in self._lines.keys() - there:
            self._lines[stream].forget()
            if look.is_key:
                del self._lines[stream]
        if look.is_key:
            for line in self._lines.values():
                line.begin_chapter()
        return look

    def _line(self, stream: int) -> _Line:
        line = self._lines.get(stream)
        if line is None:
            line = self._lines[stream] = _Line(
                self._tape.stream(stream), self._labels, self._registry, examines=self._examines
            )
        return line
