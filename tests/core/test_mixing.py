from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from tests.core.build import unhurried
from twtop.core.mixing import mixed, mixed_at

small = st.integers(0, 3)
large = st.sampled_from((0, 1, 2**32, 2**63, 2**64 - 1))
rows = st.lists(st.tuples(small, small, large), min_size=1, max_size=50)


def columns(values: list[tuple[int, int, int]]) -> list[np.ndarray[tuple[int], np.dtype[np.unsignedinteger]]]:
    one, other, third = zip(*values, strict=True)
    return [np.array(one, np.uint8), np.array(other, np.uint16), np.array(third, np.uint64)]


@unhurried
@given(rows)
def test_rows_share_a_key_if_they_are_the_same(values: list[tuple[int, int, int]]) -> None:
    keys = mixed(columns(values))
    assert keys.dtype == np.uint64
    assert len(set(zip(values, keys.tolist(), strict=True))) == len(set(values)) == len(set(keys.tolist()))


@unhurried
@given(rows)
def test_a_chain_of_keys_tells_rows_apart_as_all_columns_do(values: list[tuple[int, int, int]]) -> None:
    first, *others = columns(values)
    start = mixed([first])
    before = start.copy()
    keys = mixed(others, start)
    assert len(set(zip(values, keys.tolist(), strict=True))) == len(set(values)) == len(set(keys.tolist()))
    assert np.array_equal(start, before)


@unhurried
@given(rows, st.data())
def test_some_rows_have_the_keys_that_they_have_among_all(
    values: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    chosen = np.array(data.draw(st.lists(st.integers(0, len(values) - 1))), np.intp)
    assert np.array_equal(mixed_at(columns(values), chosen), mixed(columns(values))[chosen])


def test_the_order_of_columns_matters() -> None:
    one, other = np.array([1], np.uint64), np.array([2], np.uint64)
    assert mixed([one, other]) != mixed([other, one])


def test_a_million_neighbours_do_not_meet() -> None:
    ports, addresses = np.meshgrid(np.arange(1000, dtype=np.uint16), np.arange(1000, dtype=np.uint64))
    assert len(np.unique(mixed([addresses.ravel(), ports.ravel()]))) == 1_000_000


def test_of_nothing_there_are_no_keys() -> None:
    assert mixed([np.empty(0, np.uint8)]).shape == (0,)
