"""Rows of cookies against a dictionary."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from twtop.core.lookup import Cookies, find

# Some differ in the low bits, as the kernel's do, and some in the high ones alone.
few = st.integers(0, 9)
cookies = st.lists(
    st.one_of(st.integers(1000, 1060), st.builds(lambda high, low: high << 40 | low, few, few))
)


def column(values: list[int]) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
    return np.array(values, np.uint64)


@given(cookies.map(lambda values: list(dict.fromkeys(values))), cookies)
def test_every_cookie_is_found_where_it_stands(present: list[int], others: list[int]) -> None:
    known = Cookies.of(column(present))
    assert not known.repeated
    wanted = [*reversed(present), *others]
    rows, there = known.find(column(wanted))
    assert there.tolist() == [value in present for value in wanted]
    assert [present[row] for row in rows[there]] == [value for value in wanted if value in present]


@given(cookies)
def test_a_cookie_that_is_there_twice_is_noticed(values: list[int]) -> None:
    assert Cookies.of(column(values)).repeated == (len(set(values)) < len(values))


@pytest.mark.parametrize("ascending", [[], [5], [1, 5, 9]])
def test_values_are_found_in_ascending_ones(ascending: list[int]) -> None:
    wanted = [0, 1, 5, 9, 10]
    at, there = find(column(wanted), column(ascending))
    assert there.tolist() == [value in ascending for value in wanted]
    assert [ascending[place] for place in at[there]] == [value for value in wanted if value in ascending]
