"""Bodies that somebody damaged, or made to do damage: one clear sentence, in bounded time and memory."""

from __future__ import annotations

import json
import struct
import tracemalloc
import zlib
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import crowd, later
from tests.recording.codec.test_round_trip import Wire, whole
from twtop.core.snapshot import snapshot
from twtop.errors import RecordingError
from twtop.recording.codec.decoder import Decoder
from twtop.recording.codec.facts import Facts
from twtop.recording.codec.layout import HEADER, MOST_BYTES, MOST_ROWS, TIME, VERSION
from twtop.recording.codec.reading import Reader, decompressed
from twtop.recording.codec.writing import Writer

if TYPE_CHECKING:
    from collections.abc import Callable


def recorded() -> tuple[bytes, bytes]:
    """Return a key look and the look after it."""
    wire, taken = Wire(), snapshot(crowd(5, 60), instant_s=5.0)
    wire.send(taken)
    wire.send(whole(6.0))
    wire.send(later(taken, 1, 10))
    return wire.bodies[0], wire.bodies[1]


KEY, DELTA = recorded()


def raw(body: bytes) -> bytes:
    return zlib.decompress(body[HEADER.size :])


def packed(content: bytes, flags: int = 1, version: int = VERSION, size: int | None = None) -> bytes:
    return HEADER.pack(version, flags, len(content) if size is None else size) + zlib.compress(content)


def complaint(*bodies: bytes) -> str:
    """Return what is said of the last body; it must be one sentence."""
    decoder = Decoder()
    *before, last = bodies
    for body in before:
        decoder.skip(body)
    with pytest.raises(RecordingError) as caught:
        decoder.decode(last)
    said = str(caught.value)
    assert said.isprintable()
    assert len(said) < 200
    return said


def survives(*bodies: bytes) -> None:
    """Decode what may make sense or not; nothing but RecordingError may come of it."""
    decoder = Decoder()
    for body in bodies:
        with suppress(RecordingError):
            taken = decoder.decode(body)
            assert len(taken.sockets) == len(taken.server) == len(taken.left_ms)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (b"", "it ends too early"),
        (KEY[:5], "it ends too early"),
        (KEY[:-1], "it does not hold as many bytes as it claims"),
        (KEY[: HEADER.size], "it does not hold as many bytes as it claims"),
        (KEY + b"\0", "it does not hold as many bytes as it claims"),
        (bytes([9]) + KEY[1:], f"it is of version 9, and this twtop reads version {VERSION}"),
        (KEY[:1] + b"\x82" + KEY[2:], "it has flags that mean nothing"),
        (KEY[:7] + b"\xff" + KEY[8:], "it cannot be decompressed"),
        (DELTA, "it does not follow the look before it"),
        (packed(raw(KEY) + b"\0"), "there is more than there should be"),
        (packed(raw(KEY)[:-1]), "it ends too early"),
        (packed(TIME.pack(float("nan"), 1.0, 0, 0, 0) + raw(KEY)[TIME.size :]), "a time is out of range"),
        (packed(TIME.pack(-1e10, 1.0, 0, 0, 0) + raw(KEY)[TIME.size :]), "time goes back"),
        (packed(TIME.pack(0.0, float("inf"), 0, 0, 0) + raw(KEY)[TIME.size :]), "a time is out of range"),
    ],
)
def test_what_is_said_of_damage(body: bytes, said: str) -> None:
    assert complaint(body) == f"a look of the recording is damaged: {said}"


def test_time_does_not_go_back() -> None:
    early = TIME.pack(0.0, 1.0, 0, 1, 60)
    assert complaint(KEY, packed(early + raw(DELTA)[TIME.size :], flags=0)).endswith("time goes back")


def test_a_decoder_goes_on_where_it_was_after_a_damaged_look() -> None:
    decoder = Decoder()
    decoder.skip(KEY)
    with pytest.raises(RecordingError):
        decoder.decode(packed(raw(DELTA)[:-9], flags=0))
    assert decoder.decode(DELTA).owners_lack == "owners of 1 of 2 sockets"


changes = st.lists(
    st.tuples(st.sampled_from(("flip", "cut", "insert")), st.floats(0, 1), st.binary(min_size=1, max_size=4)),
    min_size=1,
    max_size=3,
)


def damaged(body: bytes, changes: list[tuple[str, float, bytes]]) -> bytes:
    for kind, where, octets in changes:
        at = round(where * len(body))
        rest = body[at + (0 if kind == "insert" else len(octets)) :]
        body = body[:at] + (b"" if kind == "cut" else octets) + rest
    return body


@given(st.booleans(), changes)
def test_damaged_bodies(key: bool, changes: list[tuple[str, float, bytes]]) -> None:
    survives(*((damaged(KEY, changes), DELTA) if key else (KEY, damaged(DELTA, changes))))


@given(st.booleans(), changes)
def test_damage_below_the_compression(key: bool, changes: list[tuple[str, float, bytes]]) -> None:
    if key:
        survives(packed(damaged(raw(KEY), changes)), DELTA)
    else:
        survives(KEY, packed(damaged(raw(DELTA), changes), flags=0))


@given(st.binary(max_size=200))
def test_noise(noise: bytes) -> None:
    survives(noise, packed(noise), packed(raw(KEY)[: TIME.size] + noise))


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=4),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=6,
)


@given(st.dictionaries(st.sampled_from(sorted(Facts.__slots__)), values), st.booleans())
def test_facts_that_are_others_than_they_should_be(told: dict[str, Any], whole: bool) -> None:
    text = (
        json.dumps(told)
        if not whole
        else json.dumps(
            {
                "sysctls": {}, "unreadable": {}, "configured": {}, "degraded": [], "unlisted": None,
                "exact_cookies": True, "own_session": [], "owners_looked_for": True, "owners_lack": None,
                "namespaces": {}, "info_lack": None, "counter_problems": [], "counter_names": ["a", "b"],
            }
            | told
        )
    )  # fmt: skip
    try:
        facts = Facts().read(text.encode(), key=whole)
    except RecordingError:
        return
    facts.arguments()


@pytest.mark.parametrize(
    "text",
    [
        b"[" * 2_000_000,
        b'{"counters":[0,' + b"9" * 5000 + b"]}",
        b'{"counter_names":["a"],"counters":[0,1e999]}',
        b'{"counter_names":["a"],"counters":[0,NaN]}',
        b'{"counter_names":["a","a"]}',
        b'{"namespaces":{"\xc2\xb2":"x"}}',
        b"\xff",
        b"7",
    ],
)
def test_facts_that_are_traps(text: bytes) -> None:
    with pytest.raises(RecordingError):
        Facts().read(text, key=False)


def table_of(rows: int, column: Callable[[Writer], None]) -> bytes:
    """Return a key look that claims so many rows."""
    whole_key = raw(KEY)
    facts = int.from_bytes(whole_key[TIME.size :][:4], "little")
    writer = Writer()
    writer.raw(whole_key[: TIME.size + 4 + facts])
    writer.texts([])
    for count in (0, 0, 0, rows):
        # Owners, gone, changed, born.
        writer.number(count)
    column(writer)
    return packed(b"".join(writer._parts))


def test_more_rows_than_there_may_be_take_no_memory() -> None:
    tracemalloc.start()
    try:
        said = complaint(table_of(MOST_ROWS + 1, lambda _: None))
        assert said.endswith(f"it counts {MOST_ROWS + 1:,} where {MOST_ROWS:,} are the most")
        # As many cookies as may be, and nothing else.
        said = complaint(table_of(MOST_ROWS, lambda writer: writer.raw(struct.pack("<QBQ", 1, 0, 1))))
        assert said.endswith("it ends too early")
        assert tracemalloc.get_traced_memory()[1] < 200 << 20
    finally:
        tracemalloc.stop()


def test_a_bomb_is_not_let_off() -> None:
    bomb = zlib.compress(bytes(64 << 20), 1)
    tracemalloc.start()
    try:
        with pytest.raises(RecordingError, match="does not hold as many"):
            decompressed(bomb, 1 << 20)
        with pytest.raises(RecordingError, match="are the most"):
            decompressed(bomb, MOST_BYTES + 1)
        assert tracemalloc.get_traced_memory()[1] < 8 << 20
    finally:
        tracemalloc.stop()


def reader_of(write: Callable[[Writer], None]) -> Reader:
    writer = Writer()
    write(writer)
    return Reader(b"".join(writer._parts))


def ascending(*values: int) -> Callable[[Writer], None]:
    return lambda writer: writer.ascending(np.array(values, np.uint32))


@pytest.mark.parametrize(
    ("rows", "count", "table", "said"),
    [
        ((0, 5), 2, 5, "it names row 5 of 5"),
        ((3, 3), 2, 5, "numbers do not ascend"),
        ((2**32 - 1, 1), 2, 5, "numbers do not ascend"),
        ((0, 1, 2), 3, 2, "it names 3 rows of 2"),
    ],
)
def test_rows_that_are_not_there(rows: tuple[int, ...], count: int, table: int, said: str) -> None:
    with pytest.raises(RecordingError, match=said):
        reader_of(ascending(*rows)).rows(count, table)


def test_texts_that_are_none() -> None:
    for count, text, said in ((2, b"a", "as many"), (0, b"a", "as many"), (1, b"\xff", "UTF-8")):
        with pytest.raises(RecordingError, match=said):
            Reader(struct.pack("<II", count, len(text)) + text).texts(5)
    with pytest.raises(RecordingError, match="longer than 4,096"):
        reader_of(lambda writer: writer.texts(["a" * 4097])).texts(5)
