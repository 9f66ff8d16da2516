"""A TOML text with other values: whatever else it says stays as it is, comments and order included."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from twtop.config.toml_text import places

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from twtop.config.toml_text import Place


def literal(value: object) -> str:
    """Write a string, number or boolean, a list, or a table of them, as TOML has it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{', '.join(map(literal, value))}]"
    if isinstance(value, dict):
        entries = ", ".join(f"{name} = {literal(entry)}" for name, entry in value.items())
        return f"{{ {entries} }}" if entries else "{}"
    # JSON's strings are TOML's, but for DEL, which may not stand for itself there.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


def edited(text: str, values: Mapping[str, object], remarks: Mapping[str, str]) -> str:
    """Return a valid TOML text with some top-level values changed or added.

    What is added follows the last top-level value there is, each below its remark.
    """
    found = places(text)
    newline = "\r\n" if "\r\n" in text else "\n"
    present = {place.path[0]: place for place in found if len(place.path) == 1 and not place.is_header}
    added = "".join(
        f"# {remarks[name]}{newline}{name} = {literal(value)}{newline}"
        for name, value in values.items()
        if name not in present
    )
    at = _end_of_top_level(text, found)
    if added and text[at:] and not text[at:].startswith(("\n", "\r\n")):
        added += newline
    before = text[:at] + newline if added and at and text[at - 1] != "\n" else text[:at]
    # From the last to the first, so that what comes before stays where it is.
    for place in sorted(present.values(), key=lambda place: -place.start):
        if place.path[0] in values:
            before = before[: place.start] + literal(values[place.path[0]]) + before[place.end :]
    return before + added + text[at:]


def _end_of_top_level(text: str, found: Sequence[Place]) -> int:
    """Return where a line can be added that belongs to no table."""
    first_table = min((place.key for place in found if place.is_header), default=len(text))
    last_end = max(
        (place.end for place in found if place.end <= first_table and not place.is_header), default=-1
    )
    if last_end >= 0:
        return text.find("\n", last_end) + 1 or len(text)
    # Comments right above a table belong to it.
    at = text.rfind("\n", 0, first_table) + 1 if first_table < len(text) else first_table
    while first_table < len(text) and at and text[text.rfind("\n", 0, at - 1) + 1] == "#":
        at = text.rfind("\n", 0, at - 1) + 1
    return at
