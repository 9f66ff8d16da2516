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
from twtop.knowledge.counter_pages import counter_pages, short_name
from twtop.knowledge.myth_pages import ALL_MYTHS, ALL_MYTHS_SUMMARY, myth_pages
from twtop.knowledge.pages import column_pages, state_page, sysctl_pages

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class Topic:
    """One thing that can be explained, under the name it is shown with."""

    kind: Literal["state", "sysctl", "column", "counter", "myth", "rule"]
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
    """Return everything that can be explained: states in life order, sysctls, columns, counters, myths."""
    return tuple(dict.fromkeys(_by_spelling().values()))


def find(word: str) -> Topic:
    """Return the topic a word names; case, ``-``, ``_``, blanks and a leading /proc/sys do not matter.

    A sysctl may be given without its leading parts, a counter without them or as `nstat` writes it. Raises
    UsageError with the nearest topic otherwise.
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
    """Return the state, sysctl, counter or myth that a word within a sentence names, None for others.

    States are named as ``ss`` prints them, sysctls and counters with or without their leading parts.
    """
    return _by_name().get(word)


@cache
def _by_name() -> Mapping[str, Topic]:
    found: dict[str, Topic] = {}
    for topic in topics():
        if topic.kind == "counter":
            found[topic.name] = found[short_name(topic.name)] = topic
        elif topic.kind != "column":
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
    for name, counter in counter_pages().items():
        topic = Topic("counter", name, counter.meaning)
        for spelled in (name, short_name(name)):
            spellings.setdefault(_spelling(spelled), topic)
    spellings.setdefault(_spelling(ALL_MYTHS), Topic("myth", ALL_MYTHS, ALL_MYTHS_SUMMARY))
    for name, myth in myth_pages().items():
        spellings.setdefault(_spelling(name), Topic("myth", name, f'"{myth.claim}"'))
    return spellings


def _spelling(word: str) -> str:
    """Reduce a word to what matters of it; ``<`` does, as in the column ``<10s``."""
    return re.sub(r"[^a-z0-9<]", "", word.strip().lower().removeprefix("/proc/sys/"))
