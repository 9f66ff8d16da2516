"""What may stand for a value on the command line, by what stands for it in the help.

Names are taken from where they are declared, which is imported only to complete them.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Final, NamedTuple

from twtop.core.text import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

    from twtop.knowledge.topics import Topic


class Offer(NamedTuple):
    """A word that could stand under the cursor."""

    word: str
    about: str = ""


class Asked(NamedTuple):
    """Where a value is completed."""

    command: str
    """Empty for twtop without a command."""
    word: str
    """What is there of it already, as it was typed."""


FILES: Final = frozenset({"FILE", "FILE|FOLDER"})
"""Values that the shell itself knows best."""
LISTS: Final = frozenset({"KEYS", "FIELDS"})
"""Values with commas between them, each at most once."""
FILTER: Final = "EXPR"
NAMESPACE: Final = "NAME|PID|PATH|all"

_NAMED_NAMESPACES: Final = "/run/netns"
_OF_ONE_INSTANT: Final = frozenset({"snapshot"})
"""Commands that compare no two snapshots."""
_MOST_NAMES: Final = 4096


def offers(value: str, asked: Asked) -> Iterable[Offer]:
    """Return what may stand for a value, given by what stands for it in the help."""
    source = _SOURCES.get(value)
    return source(asked) if source is not None else ()


def _keys(_: Asked) -> Iterator[Offer]:
    from twtop.core.table.keys import KEYS

    return (Offer(key.name, key.title) for key in KEYS.values())


def _fields(asked: Asked) -> Iterator[Offer]:
    from twtop.core.table.fields import FIELDS
    from twtop.export.table import OF_ONE_INSTANT

    fields = OF_ONE_INSTANT if asked.command in _OF_ONE_INSTANT else FIELDS.values()
    return (Offer(field.name, field.title) for field in fields)


def _themes(_: Asked) -> Iterator[Offer]:
    from twtop.core.options.screen import THEMES

    return map(Offer, THEMES)


def _filters(asked: Asked) -> Iterator[Offer]:
    """A word of a filter; what needs more after it only where a quotation mark lets more follow."""
    from twtop.core.filter.names import STATE_WORDS

    if asked.word[:1] in ("'", '"'):
        from twtop.core.filter.attributes import ATTRIBUTES

        yield from _FILTER_WORDS
        yield from (Offer(each.word, each.noun) for each in ATTRIBUTES.values())
    yield from map(Offer, STATE_WORDS)


def _topics(asked: Asked) -> Iterator[Offer]:
    from twtop.diagnosis.rules import RULES
    from twtop.knowledge.topics import topics

    yield from (Offer(_spelled(topic, asked.word), topic.summary) for topic in topics())
    yield from (Offer(rule.name, rule.title) for rule in RULES.values())


def _spelled(topic: Topic, word: str) -> str:
    """Name a topic as people type it: sysctls and counters without their leading parts, where that does."""
    from twtop.knowledge.counter_pages import short_name
    from twtop.knowledge.topics import find

    if topic.kind == "state":
        return topic.name.lower()
    if topic.kind not in ("sysctl", "counter") or "." in word:
        return topic.name
    short = topic.name.rpartition(".")[2] if topic.kind == "sysctl" else short_name(topic.name)
    return short if find(short) == topic else topic.name


def _namespaces(_: Asked) -> Iterator[Offer]:
    with suppress(OSError), os.scandir(_NAMED_NAMESPACES) as entries:
        names = sorted(entry.name for entry, _ in zip(entries, range(_MOST_NAMES), strict=False))
        # A name that is not fit for a terminal could not be given back as it is.
        yield from (Offer(name, "network namespace") for name in names if printable(name) == name)
    yield Offer("all", "all network namespaces")


_FILTER_WORDS: Final = (
    Offer("state", "sockets in a state"),
    Offer("exclude", "sockets in any other state"),
    Offer("sport", "the local port"),
    Offer("dport", "the remote port"),
    Offer("src", "the local address"),
    Offer("dst", "the remote address"),
    Offer("not", "what does not match"),
)
"""The keywords of `twtop.core.filter.parser` that a filter, or an operand of ``and``, may begin with."""

_SOURCES: Final[Mapping[str, Callable[[Asked], Iterable[Offer]]]] = {
    "KEYS": _keys,
    "FIELD": _fields,
    "FIELDS": _fields,
    "THEME": _themes,
    "TOPIC": _topics,
    FILTER: _filters,
    NAMESPACE: _namespaces,
}
