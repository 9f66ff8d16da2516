"""Makes looks for recordings of what is collected."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, Final

from twtop.core.text import printable
from twtop.diagnosis.news import News
from twtop.kernel.namespaces.listing import Namespace
from twtop.recording.codec.encoder import Encoder
from twtop.recording.tape import KEY_EVERY_S, Look, Mark, Part, Stream
from twtop.sources.panorama import Panorama

if TYPE_CHECKING:
    from twtop.recording.tape import Sink
    from twtop.sources.observer import Frame
    from twtop.sources.panorama import Looked, Place
    from twtop.sources.watch import Chosen


_MOST_MARKS: Final = 1000
"""For as long as no look can be recorded."""


class Taper:
    """Encodes what is collected, in its order, and hands it to a recording; for one thread."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._encoders: dict[int, Encoder] = {}
        """Those of this chapter."""
        self._former: dict[int, Encoder] = {}
        """Those of the chapter before, while there is a key look: when timers end they know best."""
        self._key_s = float("-inf")
        self._asked: Chosen | None = None
        self._news = News()
        self._marks: deque[Mark] = deque(maxlen=_MOST_MARKS)

    def add(self, looked: Looked, asked: Chosen) -> None:
        """Record a frame, or those of all namespaces; ``asked`` is what was to be looked at.

        Raises RecordingError where the recording cannot take it; the next look is a key look then.
        """
        snapshot = looked.moment.snapshot
        is_key = self._is_key(snapshot.instant_s, asked)
        if is_key:
            self._former, self._encoders = self._encoders, {}
            self._asked = asked
        key_s = snapshot.instant_s if is_key else self._key_s
        # Whatever goes wrong, what comes after a look that got lost is a key look.
        self._key_s = float("-inf")
        several = isinstance(looked, Panorama)
        if isinstance(looked, Panorama):
            parts = [self._part(place, key=is_key) for place in looked.places]
            streams = {
                place.namespace.number: _stream(place.namespace, place.frame) for place in looked.places
            }
        else:
            # The own one is the same for as long as the process lives.
            number = asked.number if isinstance(asked, Namespace) else 0
            parts = [Part(number, self._encode(number, looked, key=is_key))]
            streams = {number: _stream_of(number, looked.host.namespace_label, looked)}
        self._former = {}
        self._hear(looked, snapshot.wall_s)
        look = Look(snapshot.wall_s, snapshot.instant_s, is_key, several, len(snapshot.sockets), tuple(parts))
        self._sink.add(look, streams, tuple(self._marks))
        self._key_s = key_s
        self._marks.clear()

    def fail(self, reason: str, wall_s: float) -> None:
        """Record that a look failed, with the next one that does not."""
        self._marks.append(Mark(wall_s, "failure", 0, printable(reason)))

    def _is_key(self, instant_s: float, asked: Chosen) -> bool:
        return self._sink.wants_key or asked != self._asked or instant_s - self._key_s >= KEY_EVERY_S

    def _part(self, place: Place, *, key: bool) -> Part:
        number = place.namespace.number
        if place.frame is None:
            return Part(number, b"", printable(str(place.problem)))
        if place.rests and number in self._encoders:
            return Part(number, b"", rests=True)
        return Part(number, self._encode(number, place.frame, key=key), rests=place.rests)

    def _encode(self, number: int, frame: Frame, *, key: bool) -> bytes:
        encoder = self._encoders.get(number)
        if encoder is None:
            encoder, key = self._former.pop(number, None) or Encoder(), True
            self._encoders[number] = encoder
        return encoder.encode(frame.moment.snapshot, key=key)

    def _hear(self, looked: Looked, wall_s: float) -> None:
        for event, finding in self._news.of(looked.findings, looked.findings):
            self._marks.append(Mark(wall_s, event, finding.severity, finding.title))


def _stream(namespace: Namespace, frame: Frame | None) -> Stream:
    if frame is None:
        return Stream(namespace.number, namespace.name, "", "", namespace.name, namespaced=True)
    return _stream_of(namespace.number, namespace.name, frame)


def _stream_of(number: int, name: str, frame: Frame) -> Stream:
    host = frame.host
    return Stream(number, name, host.hostname, host.kernel, host.namespace_label, host.namespaced)
