"""TOML texts for hypothesis: valid ones with what they say, and what is nearly TOML."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import strategies as st

from twtop.config.editing import literal

_BARE = st.text("abz09_-", min_size=1, max_size=4)
_ANY = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
_QUOTED = st.one_of(
    _ANY.map(literal),
    st.text('ab #[]{}=,.\\"', max_size=6).map(lambda text: f"'{text}'"),
)
_KEYS = st.lists(_BARE | _QUOTED, min_size=1, max_size=3).flatmap(
    lambda parts: st.sampled_from([".", " . "]).map(lambda dot: dot.join(parts))
)
_LONG = st.one_of(
    st.text("ab\n#]}= ", max_size=8).map(lambda text: f'"""{text}"""'),
    st.text('ab\n"#]\\', max_size=8).map(lambda text: f"'''{text}'''"),
    st.just('""""quoted"\\""""""'),
)
_SCALARS = st.one_of(
    _QUOTED,
    _LONG,
    st.sampled_from(["true", "1_000", "0x1f", "inf", "1.5e3", "1979-05-27 07:32:00Z", "07:32:00"]),
)
_COMMENTS = st.sampled_from(["", " ", " # [x] = {", "# 'a\""])


def _array(elements: list[str], comment: str) -> str:
    return "[" + "".join(f"{element},{comment}\n" for element in elements) + "]"


def _inline(pairs: list[tuple[str, str]]) -> str:
    return "{" + ", ".join(f"{key} = {value}" for key, value in pairs) + "}"


_VALUES = st.recursive(
    _SCALARS,
    lambda inner: st.one_of(
        st.builds(_array, st.lists(inner, max_size=3), _COMMENTS),
        st.builds(_inline, st.lists(st.tuples(_KEYS, inner), max_size=2)),
    ),
    max_leaves=5,
)
_LINES = st.one_of(
    st.builds(lambda key, value, comment: f"{key} = {value}{comment}", _KEYS, _VALUES, _COMMENTS),
    st.builds(lambda key, comment: f"[{key}]{comment}", _KEYS, _COMMENTS),
    st.builds(lambda key, comment: f"[[ {key} ]]{comment}", _KEYS, _COMMENTS),
    _COMMENTS,
)
nearly_toml = st.lists(_LINES, max_size=8).flatmap(
    lambda lines: st.sampled_from(["\n", "\r\n"]).map(lambda newline: newline.join(lines))
)


def said(text: str) -> dict[str, Any] | None:
    """What a text says; None if it is no TOML."""
    try:
        return tomllib.loads(text)
    except ValueError:
        return None
