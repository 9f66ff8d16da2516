from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from tests.core.build import table
from twtop.core.snapshot import snapshot
from twtop.core.sockets import identity_of
from twtop.core.states import State
from twtop.core.tcp_info import TcpInfo, no_tcp_info, silent_s

COOKIES = (9, 3, 7, 5)
STATES = (State.ESTAB, State.CLOSE_WAIT, State.ESTAB, State.TIME_WAIT)


def read(*rows: tuple[int, State, int]) -> TcpInfo:
    cookies, states, silences = zip(*sorted(rows), strict=True)
    return TcpInfo(
        identity=identity_of(np.array(cookies, np.uint64), np.array(states, np.uint8)),
        silent_ms=np.array(silences, np.uint32),
        options=np.arange(len(rows), dtype=np.uint8),
        instant_s=1.0,
    )


def test_silence_is_found_by_cookie_and_state() -> None:
    info = read(
        (9, State.ESTAB, 1700), (3, State.ESTAB, 9), (7, State.ESTAB, 2**32 - 400), (8, State.ESTAB, 7)
    )
    taken = snapshot(table(cookie=COOKIES, state=STATES), tcp_info=info)
    found = silent_s(taken).tolist()
    assert [round(value) if not math.isnan(value) else None for value in found] == [2, None, 4294967, None]
    rows, at = info.rows_in(taken)
    assert dict(zip(rows.tolist(), info.options[at].tolist(), strict=True)) == {0: 3, 2: 1}


def test_without_rows_everything_is_unknown() -> None:
    taken = snapshot(table(cookie=COOKIES, state=STATES), tcp_info=no_tcp_info("because"))
    assert np.isnan(silent_s(taken)).all()
    assert taken.tcp_info.lack == "because"
    nothing = snapshot(table(cookie=[], state=[]), tcp_info=replace(read((9, State.ESTAB, 1)), lack=None))
    assert len(silent_s(nothing)) == 0


def test_of_fewer_sockets_only_what_is_about_them_stays() -> None:
    info = read((9, State.ESTAB, 1700), (3, State.CLOSE_WAIT, 9), (8, State.ESTAB, 7))
    taken = snapshot(table(cookie=COOKIES, state=STATES), tcp_info=info)
    fewer = taken.only(np.array([True, False, False, True]))
    assert fewer.sockets.cookie.tolist() == [9, 5]
    assert fewer.tcp_info.silent_ms.tolist() == [1700]
    assert fewer.tcp_info.instant_s == info.instant_s
    assert silent_s(fewer)[0] == np.float32(1.7)
    assert fewer.state_counts().sum() == 2
