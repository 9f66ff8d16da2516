from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import crowd, rows_of, unhurried
from twtop.core.sockets import DTYPES, Sockets

if TYPE_CHECKING:
    from random import Random

tables = st.builds(crowd, st.integers(0, 2**32), st.sampled_from((20, 1, 0)))


def test_an_empty_table_has_all_columns() -> None:
    empty = Sockets.empty()
    assert len(empty) == 0
    assert {name: getattr(empty, name).dtype for name in DTYPES} == {
        name: np.dtype(dtype) for name, dtype in DTYPES.items()
    }


@unhurried
@given(st.lists(tables, max_size=4))
def test_concatenating_keeps_all_rows_in_order(parts: list[Sockets]) -> None:
    whole = Sockets.concatenate(parts)
    assert rows_of(whole) == [row for part in parts for row in rows_of(part)]
    assert all(getattr(whole, name).dtype == dtype for name, dtype in DTYPES.items())


@unhurried
@given(tables, st.randoms(use_true_random=False))
def test_taking_rows_or_a_mask_or_a_slice(sockets: Sockets, rng: Random) -> None:
    rows = rows_of(sockets)
    order = list(range(len(rows)))
    rng.shuffle(order)
    assert rows_of(sockets.take(np.array(order, np.intp))) == [rows[nth] for nth in order]
    mask = sockets.cookie % np.uint64(2) == 0
    assert rows_of(sockets.take(mask)) == [row for row in rows if row.cookie % 2 == 0]
    assert rows_of(sockets.take(slice(1, 3))) == rows[1:3]
