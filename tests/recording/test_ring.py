"""The last minutes in memory: bounded, whole chapters, and no key look before its time."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from twtop.errors import RecordingError
from twtop.recording.ring import Ring
from twtop.recording.tape import Look, Mark, Part, Stream

if TYPE_CHECKING:
    from collections.abc import Callable


def fill(
    ring: Ring,
    looks: int,
    key: int,
    delta: int,
    *,
    every: Callable[[int], bool] = lambda look: look % 60 == 0,
) -> list[bool]:
    """Add looks, one a second, of so many bytes; return which of them were key looks."""
    keys = []
    for number in range(looks):
        keys.append(ring.wants_key or every(number))
        part = Part(number % 3, bytes(key if keys[-1] else delta))
        streams = {part.stream: Stream(part.stream, "", "", "", "", namespaced=False)}
        marks = [Mark(float(number), "found", 1, str(number))]
        ring.add(Look(float(number), float(number), keys[-1], False, 0, (part,)), streams, marks)
        index = ring.index()
        assert index.is_key[0]
        assert index.wall_s[-1] == number
    return keys


def test_ten_minutes_are_kept_by_whole_chapters() -> None:
    ring = Ring()
    keys = fill(ring, 1000, key=1000, delta=10)
    assert keys.count(True) == 17
    assert 600 <= ring.span_s < 660
    index = ring.index()
    assert ring.look(int(index.number[0])).is_key
    assert ring.marks()[0].wall_s == index.wall_s[0]
    with pytest.raises(RecordingError, match="not kept any more"):
        ring.look(int(index.number[0]) - 1)


def test_the_memory_is_bounded_and_no_chapter_is_ended_for_less_than_its_share() -> None:
    ring = Ring(most_bytes=100_000)
    keys = fill(ring, 500, key=4000, delta=1000)
    assert ring.size <= 100_000
    assert ring.span_s > 50
    # A quarter of the memory each.
    assert keys.count(True) <= 500 / (25 - 4) + 2


@pytest.mark.parametrize("key", [30_000, 90_000, 500_000])
def test_large_key_looks_do_not_come_one_after_the_other(key: int) -> None:
    ring = Ring(most_bytes=100_000)
    keys = fill(ring, 200, key=key, delta=key // 20, every=lambda _: False)
    # Each is followed by as many bytes of others.
    assert 200 / 25 <= keys.count(True) <= 200 / 20 + 1
    assert ring.size <= max(100_000, 3.2 * key)


def test_namespaces_that_no_look_is_about_any_more_are_forgotten() -> None:
    ring = Ring(span_s=10)
    fill(ring, 3, key=10, delta=10, every=lambda _: True)
    assert ring.stream(2).number == 2
    for number in range(100, 130):
        part = Part(9, b"")
        streams = {9: Stream(9, "", "", "", "", namespaced=False)}
        ring.add(Look(float(number), float(number), True, False, 0, (part,)), streams, ())
    assert ring.stream(9).number == 9
    with pytest.raises(RecordingError, match="not kept any more"):
        ring.stream(2)


def test_parts_without_a_body_take_memory_too() -> None:
    ring = Ring(most_bytes=100_000)
    for number in range(100):
        parts = tuple(Part(stream, b"", rests=True) for stream in range(50))
        ring.add(Look(float(number), float(number), number % 5 == 0, True, 0, parts), {}, ())
    assert len(ring.index()) < 20
