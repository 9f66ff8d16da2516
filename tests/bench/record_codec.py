"""How large looks of a recording are, and what it costs to encode and to decode them."""

from __future__ import annotations

import socket
import statistics
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING, Final, NamedTuple

from tests.bench.fed import fed
from tests.bench.feeder import LIFE_S
from tests.bench.report import Figure, Target, milliseconds, show, where
from twtop.core.changes import new_connections
from twtop.lab.lab import Lab
from twtop.lab.namespaces import require_namespaces
from twtop.recording.codec.decoder import Decoder
from twtop.recording.codec.encoder import Encoder
from twtop.recording.ring import MOST_BYTES
from twtop.recording.tape import KEY_EVERY_S
from twtop.sources.live import LiveSource
from twtop.sources.observer import Observer

if TYPE_CHECKING:
    from collections.abc import Iterator

_PER_SOCKET: Final = Target(40)
_PER_SOCKET_OF_KEY: Final = Target(6)
_KEY_MS: Final = Target(150)
_LOOK_MS: Final = Target(30)
_DECODE_MS: Final = Target(20)
_QUIET_MB: Final = Target(1)
_QUIET: Final = 500
_LOOPBACK: Final = "127.0.0.1"


class _Look(NamedTuple):
    sockets: int
    born: int
    size: int
    collected_s: float
    """CPU time to take and observe it."""
    encoded_s: float
    skipped_s: float


def run(sockets: int, rounds: int, warm_up_s: float = LIFE_S + 5, every_s: float = 1.0) -> None:
    """Record a busy host and a quiet one, and print what that took."""
    require_namespaces()
    print(f"medians of {rounds} looks; {where()}")
    with Lab() as lab, fed(lab.client, sockets, warm_up_s), lab.client.entered():
        _report_busy(list(_record(rounds, every_s)))
    with Lab() as lab, ExitStack() as held, lab.client.entered():
        for _ in range(_QUIET // 2):
            for end in pair():
                held.enter_context(end)
        _report_quiet(list(_record(rounds, every_s)), every_s)


def pair() -> tuple[socket.socket, socket.socket]:
    """Return the two ends of a connection whose keepalive timer runs."""
    with socket.create_server((_LOOPBACK, 0)) as listener:
        client = socket.create_connection(listener.getsockname())
        client.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        return client, listener.accept()[0]


def _record(rounds: int, every_s: float) -> Iterator[_Look]:
    """Yield a key look and so many others."""
    encoder, decoder = Encoder(), Decoder()
    with LiveSource() as source:
        observer = Observer(source.host)
        for number in range(rounds + 1):
            due = time.monotonic() + every_s
            start = time.thread_time()
            moment = observer.observe(source.take()).moment
            collected = time.thread_time()
            body = encoder.encode(moment.snapshot, key=not number)
            encoded = time.thread_time()
            decoder.skip(body)
            skipped = time.thread_time()
            born = len(new_connections(moment))
            yield _Look(
                len(moment.snapshot.sockets),
                born,
                len(body),
                collected - start,
                encoded - collected,
                skipped - encoded,
            )
            time.sleep(max(0.0, due - time.monotonic()))


def _report_busy(looks: list[_Look]) -> None:
    key, *others = looks
    born = sum(look.born for look in others)
    told, share = sum(look.size for look in others) / max(1, born), key.size / max(1, key.sockets)
    per_second = sum(look.size for look in others) / len(others)
    collected = statistics.median(look.collected_s for look in others)
    encoded = statistics.median(look.encoded_s for look in others)
    minutes = MOST_BYTES / (60 * per_second + key.size * 60 / KEY_EVERY_S)
    show(
        f"recording {key.sockets:,} sockets, {born / len(others):,.0f} new in each look",
        [
            Figure.of("bytes per new socket", told + share, "", _PER_SOCKET),
            Figure("    of it: birth, changes and death", f"{told:.1f}"),
            Figure.of("    of it: its share of the key looks", share, "", _PER_SOCKET_OF_KEY),
            Figure.of("a key look, encoded", 1000 * key.encoded_s, "ms", _KEY_MS),
            Figure("a key look, decoded", milliseconds(key.skipped_s)),
            Figure.of("any other look, encoded", 1000 * encoded, "ms", _LOOK_MS),
            Figure("    / to take and observe it", f"{encoded / collected:.3f}"),
            Figure.of(
                "any other look, decoded",
                1000 * statistics.median(look.skipped_s for look in others),
                "ms",
                _DECODE_MS,
            ),
            Figure("minutes that are kept in memory", f"{minutes:.1f}"),
        ],
    )


def _report_quiet(looks: list[_Look], every_s: float) -> None:
    key, *others = looks
    per_minute = sum(look.size for look in others) / len(others) * 60 / every_s + key.size * 60 / KEY_EVERY_S
    show(
        f"recording {key.sockets:,} sockets of which none is new",
        [
            Figure.of("a minute", per_minute / 1e6, "MB", _QUIET_MB),
            Figure("    of it: a key look", f"{key.size:,} bytes"),
            Figure(
                "    of it: any other look", f"{statistics.mean(look.size for look in others):,.0f} bytes"
            ),
        ],
    )
