"""The columns against a decoder that reads one message after the other with struct."""

from __future__ import annotations

import random
import struct
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from twtop.core.sockets import DTYPES
from twtop.errors import KernelError
from twtop.kernel.sockdiag.decode import Batch, DumpRefusedError, decode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

NOOP, ERROR, DONE, OVERRUN, WANTED = 1, 2, 3, 4, 18
SEQUENCE: Final = 7
INTERRUPTED: Final = 0x10
BEYOND: Final = 88

Row: TypeAlias = tuple[int, ...]
unhurried = settings(deadline=None)


@dataclass(frozen=True)
class Answer:
    """What any decoder must make of some datagrams."""

    rows: list[Row]
    done: bool
    interrupted: bool


def message(kind: int, body: bytes = b"", flags: int = 2, sequence: int = SEQUENCE) -> bytes:
    length = 16 + len(body)
    return struct.pack("=IHHII", length, kind, flags, sequence, 0) + body + bytes(-length % 4)


def inet(seed: int, attributes: int = 0) -> bytes:
    """An inet_diag_msg of random fields, of a known family more often than not, and attributes behind it."""
    rng = random.Random(seed)
    return bytes([rng.choice((2, 2, 10, 10, seed & 255))]) + rng.randbytes(71 + attributes)


# --- the slow decoder -------------------------------------------------------------------------------


def split(datagram: bytes) -> Iterator[tuple[int, int, int, bytes]]:
    at = 0
    while at < len(datagram):
        if len(datagram) - at < 16:
            raise KernelError("no room for a header")
        length, kind, flags, sequence, _ = struct.unpack_from("=IHHII", datagram, at)
        if not 16 <= length <= len(datagram) - at:
            raise KernelError("an impossible length")
        if sequence == SEQUENCE:
            yield length, kind, flags, datagram[at + 16 : at + length]
        at += length + 3 & ~3


def row_of(body: bytes) -> Row:
    family, state, timer, retrans, local_port, remote_port = struct.unpack_from(">BBBBHH", body)
    ends: list[int] = []
    for address in (body[8:24], body[24:40]):
        number = int.from_bytes(address if family == 10 else bytes(10) + b"\xff\xff" + address[:4])
        ends += [number >> 64, number & (1 << 64) - 1]
    interface, cookie, *rest = struct.unpack_from("=IQIIIII", body, 40)
    fixed = (family, state, timer, retrans, local_port, remote_port, *ends, interface, cookie, *rest)
    return (*fixed, cgroup_of(body[72:]), 0, 0, 0)


def cgroup_of(attributes: bytes) -> int:
    # Minis have 8 bytes at most. What follows a damaged attribute cannot be found.
    if len(attributes) <= 8:
        return 0
    at = 0
    while at + 4 <= len(attributes):
        length, kind = struct.unpack_from("=HH", attributes, at)
        if not 4 <= length <= len(attributes) - at:
            return 0
        if kind & 0x3FFF == 21:
            return struct.unpack_from("=Q", attributes, at + 4)[0] if length >= 12 else 0
        at += length + 3 & ~3
    return 0


def slowly(datagrams: Sequence[bytes]) -> Answer:
    messages = [found for datagram in datagrams for found in split(datagram)]
    if any(kind == OVERRUN for _, kind, _, _ in messages):
        raise KernelError("overrun")
    if any(kind == ERROR and len(body) < 4 for _, kind, _, body in messages):
        raise KernelError("an error without a number")
    for _, kind, _, body in messages:
        if kind in (ERROR, DONE) and len(body) >= 4 and (status := struct.unpack_from("=i", body)[0]) < 0:
            raise DumpRefusedError(-status) if status >= -4095 else KernelError("no such error")
    bodies = [body for _, kind, _, body in messages if kind == WANTED]
    if any(len(body) < 72 for body in bodies):
        raise KernelError("too short")
    done = any(kind == DONE for _, kind, _, _ in messages)
    return Answer(list(map(row_of, bodies)), done, any(flags & INTERRUPTED for _, _, flags, _ in messages))


# --- both decoders on the same datagrams ------------------------------------------------------------


def decoded(datagrams: Sequence[bytes], stale: bytes = b"\0") -> Batch:
    """Decode datagrams out of a buffer that holds other bytes where they are not."""
    size = sum(len(datagram) + 3 & ~3 for datagram in datagrams)
    length = size + BEYOND + 3 & ~3
    buffer = bytearray((stale * (length // len(stale) + 1))[:length])
    bounds, start = [], 0
    for datagram in datagrams:
        buffer[start : start + len(datagram)] = datagram
        bounds.append((start, start + len(datagram)))
        start += len(datagram) + 3 & ~3
    return decode(buffer, bounds, SEQUENCE, WANTED)


def answer(batch: Batch) -> Answer:
    columns = [getattr(batch.sockets, name) for name in DTYPES]
    assert [column.dtype for column in columns] == [np.dtype(dtype) for dtype in DTYPES.values()]
    rows = list(zip(*(column.tolist() for column in columns), strict=True))
    return Answer(rows, batch.done, batch.interrupted)


def check(datagrams: Sequence[bytes], stale: bytes = b"\0") -> None:
    assert outcome(lambda: answer(decoded(datagrams, stale))) == outcome(lambda: slowly(datagrams))


def outcome(decoder: Callable[[], Answer]) -> Answer | str:
    """What a decoder says: an answer, or which error of ours."""
    try:
        return decoder()
    except DumpRefusedError as error:
        return f"refused: {error.errno}"
    except KernelError:
        return "damaged"


seeds = st.integers(0, 2**32)
attributes = st.sampled_from((0, 0, 0, 8, 8, 1, 3, 100))
flags = st.sampled_from((0, 2, 2, 2, 2 | INTERRUPTED))
sockets = st.builds(
    lambda seed, size, bits: message(WANTED, inet(seed, size), bits), seeds, attributes, flags
)
harmless = st.one_of(
    st.just(message(NOOP)),
    st.just(message(DONE, bytes(4))),
    st.just(message(DONE)),
    st.just(message(ERROR, bytes(4))),
    st.builds(lambda kind, seed: message(kind, inet(seed)), st.sampled_from((16, 19, 20, 0xFFFF)), seeds),
    st.builds(
        lambda kind, seed, sequence: message(kind, inet(seed), sequence=sequence),
        st.sampled_from((ERROR, DONE, OVERRUN, WANTED)),
        seeds,
        st.sampled_from((0, SEQUENCE - 1, SEQUENCE + 1, 2**32 - 1)),
    ),
)
errors = st.one_of(
    st.just(message(OVERRUN)),
    st.just(message(ERROR, bytes(3))),
    st.builds(lambda body: message(WANTED, body), st.binary(max_size=71)),
    st.builds(
        lambda kind, status, size: message(kind, struct.pack("=i", status) + bytes(size)),
        st.sampled_from((ERROR, DONE)),
        st.sampled_from((-1, -22, -105, -4095, -4096, -(2**31), 22)),
        st.sampled_from((0, 76, 200)),
    ),
)
uniform = st.builds(
    lambda seed, size, count: [message(WANTED, inet(seed + nth, size)) for nth in range(count)],
    seeds,
    attributes,
    st.integers(1, 40),
)
alternating = st.builds(
    lambda seed, count: [message(WANTED, inet(seed + nth, 8 * (nth & 1))) for nth in range(count)],
    seeds,
    st.integers(2, 40),
)
mixed = st.lists(sockets | harmless, max_size=12)
contents = uniform | alternating | mixed
dumps = st.lists(contents.map(b"".join), max_size=6)
troubled = st.lists((contents | st.lists(sockets | errors, max_size=4)).map(b"".join), min_size=1, max_size=4)
stale_bytes = st.sampled_from((b"\0", b"\xff", message(WANTED, inet(1)), message(DONE, bytes(4))))


@unhurried
@given(dumps, stale_bytes)
def test_a_dump_is_what_each_message_says(datagrams: list[bytes], stale: bytes) -> None:
    check(datagrams, stale)


@unhurried
@given(troubled, stale_bytes)
def test_an_error_of_the_kernel_is_an_error_here(datagrams: list[bytes], stale: bytes) -> None:
    check(datagrams, stale)


@unhurried
@given(dumps.filter(any), stale_bytes, st.data())
def test_a_cut_anywhere_is_an_error_or_leaves_whole_messages(
    datagrams: list[bytes], stale: bytes, data: st.DataObject
) -> None:
    which = data.draw(st.integers(0, len(datagrams) - 1))
    datagrams[which] = datagrams[which][: data.draw(st.integers(0, len(datagrams[which])))]
    check(datagrams, stale)


@unhurried
@given(dumps.filter(any), stale_bytes, st.data())
def test_random_bytes_never_make_a_wrong_row(
    datagrams: list[bytes], stale: bytes, data: st.DataObject
) -> None:
    which = data.draw(st.sampled_from([nth for nth, datagram in enumerate(datagrams) if datagram]))
    damaged = bytearray(datagrams[which])
    for _ in range(data.draw(st.integers(1, 8))):
        # Headers decide what is read, so they are hit more often than their share.
        at = data.draw(st.integers(0, len(damaged) - 1) | st.integers(0, min(15, len(damaged) - 1)))
        damaged[at] = data.draw(st.integers(0, 255))
    datagrams[which] = bytes(damaged)
    check(datagrams, stale)


@unhurried
@given(st.lists(st.binary(max_size=400), max_size=4), stale_bytes)
def test_nothing_but_random_bytes(datagrams: list[bytes], stale: bytes) -> None:
    check(datagrams, stale)


@unhurried
@given(dumps, st.randoms(use_true_random=False))
def test_rows_come_in_the_order_of_the_datagrams(datagrams: list[bytes], rng: random.Random) -> None:
    rng.shuffle(datagrams)
    check(datagrams)


@unhurried
@given(uniform, st.integers(0, 39), st.integers(0, 200))
def test_a_run_that_is_not_as_uniform_as_it_begins(run: list[bytes], nth: int, length: int) -> None:
    """The guess that all messages are as long as the first must not survive one that is not."""
    nth %= len(run)
    run[nth] = struct.pack("=I", length) + run[nth][4:]
    check([b"".join(run)])


def test_every_length_is_cut_at_every_byte() -> None:
    whole = b"".join((message(WANTED, inet(1)), message(WANTED, inet(2, 8)), message(DONE, bytes(4))))
    for end in range(len(whole) + 1):
        check([message(WANTED, inet(3)), whole[:end], message(WANTED, inet(4))], stale=whole)


def test_unknown_states_timers_and_families_stay_what_they_are() -> None:
    body = bytes([77, 200, 99]) + inet(5)[3:]
    sockets = decoded([message(WANTED, body)]).sockets
    assert (sockets.family[0], sockets.state[0], sockets.timer[0]) == (77, 200, 99)


def test_no_datagram_is_an_empty_batch() -> None:
    assert answer(decoded([])) == Answer([], done=False, interrupted=False)


@unhurried
@given(st.lists(st.integers(0, 25), min_size=1, max_size=9))
def test_what_looks_like_a_header_inside_a_message_is_none(places: list[int]) -> None:
    looks = struct.pack("=IHHI", 88, WANTED, 2, SEQUENCE)
    bodies = [bytearray(inet(nth, 32)) for nth in range(len(places))]
    for body, word in zip(bodies, places, strict=True):
        body[4 * word : 4 * word + len(looks)] = looks[: len(body) - 4 * word]
    check([b"".join(message(WANTED, bytes(body)) for body in bodies)])


def attribute(kind: int, payload: bytes, length: int | None = None) -> bytes:
    whole = 4 + len(payload) if length is None else length
    return struct.pack("=HH", whole, kind) + payload + bytes(-len(payload) % 4)


def cgroup(number: int) -> bytes:
    return attribute(21, struct.pack("=Q", number))


USUAL: Final = attribute(8, b"\3") + attribute(15, bytes(4))
TAIL: Final = attribute(22, bytes(2))


@pytest.mark.parametrize("place", [0, 1, 4])
@pytest.mark.parametrize(
    "odd",
    [
        USUAL + cgroup(77) + TAIL,
        USUAL + TAIL,
        USUAL + TAIL + cgroup(77),
        USUAL + attribute(23, bytes(8)) + TAIL,
        USUAL + attribute(21, bytes(4)) + attribute(5, b""),
        USUAL + attribute(21, bytes(8), length=100) + TAIL,
        attribute(8, b"\3", length=3) + attribute(15, bytes(4)) + cgroup(77) + TAIL,
        attribute(15, bytes(4)) + attribute(8, b"\3") + cgroup(77) + TAIL,
    ],
)
def test_attributes_are_those_of_each_message_not_of_the_first(odd: bytes, place: int) -> None:
    behind = [USUAL + cgroup(1000 + nth) + TAIL for nth in range(4)]
    behind.insert(place, odd)
    check([b"".join(message(WANTED, inet(nth) + text) for nth, text in enumerate(behind))])
    check([message(WANTED, inet(nth) + odd) for nth in range(3)])


@pytest.mark.parametrize("last", [b"", message(NOOP, sequence=SEQUENCE + 1)])
def test_a_full_batch_of_alternating_lengths_is_decoded_in_one_go(last: bytes) -> None:
    datagram = b"".join(message(WANTED, inet(nth, 8 * (nth & 1))) for nth in range(350)) + last
    assert len(datagram) < 1 << 15
    datagrams = [datagram] * 30
    assert len(decoded(datagrams).sockets) == 350 * 30


@pytest.mark.parametrize(
    ("datagram", "complaint"),
    [
        (message(ERROR, struct.pack("=i", -22)), "refused the sock_diag dump: Invalid argument"),
        (message(DONE, struct.pack("=i", -2)), "refused the sock_diag dump: No such file or directory"),
        (message(ERROR, struct.pack("=i", -(2**31))), "the impossible error -2147483648"),
        (message(ERROR), "an error without saying which"),
        (message(OVERRUN), "NLMSG_OVERRUN"),
        (message(WANTED, bytes(71)), "shorter than its fixed part of 72 bytes"),
        (message(WANTED, inet(1))[:60], "reaches beyond the end of its datagram"),
        (struct.pack("=IHHII", 15, WANTED, 2, SEQUENCE, 0), "shorter than its header of 16 bytes"),
    ],
)
def test_complaints(datagram: bytes, complaint: str) -> None:
    with pytest.raises(KernelError, match=complaint):
        decoded([datagram])
