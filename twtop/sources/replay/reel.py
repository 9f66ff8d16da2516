"""What a recording shows at any of its looks."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from twtop.core.names.labels import NO_LABELS, Labels
from twtop.errors import RecordingError
from twtop.kernel.host import HostInfo
from twtop.kernel.namespaces.listing import Namespace
from twtop.recording.codec.decoder import Decoder
from twtop.sources.observer import Observer
from twtop.sources.panorama import Place, panorama

if TYPE_CHECKING:
    from twtop.recording.tape import Index, Look, Part, Stream, Tape
    from twtop.sources.panorama import Looked


class _Line:
    """One namespace, in the order of its looks."""

    def __init__(self, stream: Stream, labels: Labels) -> None:
        host = HostInfo(stream.hostname, stream.kernel, stream.label, stream.namespaced)
        self._decoder = Decoder()
        self._observer = Observer(host, labels=labels)
        self._place = Place(Namespace(stream.number, stream.name), None, "it was not read yet")

    def show(self, part: Part) -> Place:
        """Go on to the next look."""
        if part.body:
            frame = self._observer.observe(self._decoder.decode(part.body))
            self._place = replace(self._place, frame=frame, problem=None, idle=part.rests, rests=False)
        elif part.rests:
            self._place = replace(self._place, rests=True)
        else:
            self._place = replace(self._place, frame=None, problem=part.problem)
        return self._place


class Reel:
    """Decodes and observes the looks of a tape; for one thread."""

    def __init__(self, tape: Tape, labels: Labels = NO_LABELS) -> None:
        self._tape = tape
        self._labels = labels
        self._lines: dict[int, _Line] = {}
        self._at: int | None = None

    def show(self, number: int, index: Index) -> Looked:
        """Return what there was to see at a look; raises RecordingError where it cannot be read."""
        if self._at is None or number != self._at + 1:
            self._lines.clear()
            at = int(np.searchsorted(index.number, number))
            key = int(np.flatnonzero(index.is_key[: at + 1])[-1])
            for before in index.number[key:at].tolist():
                self._advance(before)
        return self._advance(number)

    def _advance(self, number: int) -> Looked:
        look = self._tape.look(number)
        shown = self._shown(look)
        self._at = number
        return shown

    def _shown(self, look: Look) -> Looked:
        places = []
        for part in look.parts:
            line = self._lines.get(part.stream)
            if line is None:
                line = self._lines[part.stream] = _Line(self._tape.stream(part.stream), self._labels)
            places.append(line.show(part))
        if look.several:
            return panorama(places)
        frame = places[0].frame
        if frame is None:
            raise RecordingError(f"nothing was read at that moment: {places[0].problem}")
        return frame
