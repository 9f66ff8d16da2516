"""What can be explained, and how people spell it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from typing import TYPE_CHECKING, Final, Literal

from twtop.core.states import IN_LIFE_ORDER, State
from twtop.core.text import printable
from twtop.errors import UsageError
from twtop.knowledge.pages import column_pages, state_page, sysctl_pages

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing that can be explained, under the name it is shown with."""

    kind: Literal["state", "sysctl", "column"]
    name: str
    summary: str


_OTHER_NAMES: Final = {
    State.ESTAB: ("ESTABLISHED",),
    State.SYN_RECV: ("SYN-RECEIVED", "NEW-SYN-RECV"),
    State.UNCONN: ("CLOSE", "CLOSED", "bound-inactive"),
    State.TIME_WAIT: ("TW",),
}
"""States as RFC 9293, the kernel and `ss` filters name them where it differs from what `ss` prints."""


def topics() -> tuple[Topic, ...]:
    """Return everything that can be explained: states in life order, then sysctls, then columns."""
    return tuple(dict.fromkeys(_by_spelling().values()))


def find(word: str) -> Topic:
    """Return the topic a word names; case, ``-``, ``_``, blanks and a leading /proc/sys do not matter.

    A sysctl may be given without its leading parts. Raises UsageError with the nearest topic otherwise.
    """
    spellings = _by_spelling()
    spelling = _spelling(word)
    topic = spellings.get(spelling)
    if topic is not None:
        return topic
    near = get_close_matches(spelling, spellings, n=1)
    hint = f"did you mean {spellings[near[0]].name}?" if near else "'twtop explain' lists what there is"
    shown = printable(word if len(word) <= 60 else word[:60] + "...")
    raise UsageError(f"nothing to explain about '{shown}': {hint}")


def named(word: str) -> Topic | None:
    """Return the state or sysctl that a word within a sentence names, None for any other word.

    States are named as ``ss`` prints them, sysctls with or without their leading parts.
    """
    return _by_name().get(word)


@cache
def _by_name() -> Mapping[str, Topic]:
    found: dict[str, Topic] = {}
    for topic in topics():
        if topic.kind != "column":
            found[topic.name] = found[topic.name.rpartition(".")[2]] = topic
    return found


@cache
def _by_spelling() -> Mapping[str, Topic]:
    """Every spelling of every topic; where two topics share one, the first keeps it."""
    spellings: dict[str, Topic] = {}
    for state in IN_LIFE_ORDER:
        topic = Topic("state", state.label, state_page(state).summary)
        for name in (state.label, *_OTHER_NAMES.get(state, ())):
            spellings.setdefault(_spelling(name), topic)
    for name, sysctl in sysctl_pages().items():
        topic = Topic("sysctl", name, sysctl.meaning)
        spellings.setdefault(_spelling(name), topic)
        spellings.setdefault(_spelling(name.rpartition(".")[2]), topic)
    for name, column in column_pages().items():
        topic = Topic("column", name, column.summary)
        for spelled in (name, *column.aliases):
            spellings.setdefault(_spelling(spelled), topic)
    return spellings


def _spelling(word: str) -> str:
    """Reduce a word to what matters of it; ``<`` does, as in the column ``<10s``."""
    return re.sub(r"[^a-z0-9<]", "", word.strip().lower().removeprefix("/proc/sys/"))
