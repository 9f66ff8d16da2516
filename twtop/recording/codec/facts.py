"""Everything of a snapshot but its tables, as an object of JSON of what changed.

Members: ``sysctls``, ``unreadable`` (names to texts), ``configured`` (names to value and file), ``degraded``,
``unlisted``, ``exact_cookies``, ``own_session``, ``owners_lack``, ``namespaces`` (numbers to names), all as
`twtop.core.snapshot.Snapshot` and its sockets have them; ``owners_looked_for``; ``info_lack`` (of tcp_info);
``counter_problems``; ``counter_names`` in their order; and ``counters``: how many names are passed over and
by how much the next one rose, again and again, where new names rise from 0. A member that is not there is as
it was.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, fields, replace
from functools import partial
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar

from twtop.core.counters import Counters
from twtop.core.owners.owner import NO_OWNERS
from twtop.core.settings import Setting
from twtop.core.sysctls import Sysctls
from twtop.core.text import printable
from twtop.errors import RecordingError
from twtop.recording.codec.layout import MOST_FACTS, damaged

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from twtop.core.snapshot import Snapshot

T = TypeVar("T")

_LONGEST_TEXT: Final = 1 << 16
_U32: Final = 1 << 32
_U64: Final = 1 << 64


class FactsWriter:
    """Tells what changed from one snapshot to the next."""

    def __init__(self) -> None:
        self._before: dict[str, Any] = {}
        self._counts: Sequence[int] = ()

    def changed(self, snapshot: Snapshot) -> bytes:
        """Return it as JSON, nothing where it is all as before; RecordingError where it is too much."""
        facts = _facts_of(snapshot)
        changed = {
            name: fact
            for name, fact in facts.items()
            if name not in self._before or fact != self._before[name]
        }
        counts = list(snapshot.counters.values())
        before = [0] * len(counts) if "counter_names" in changed else self._counts
        rises = _rises(before, counts)
        if rises:
            changed["counters"] = rises
        self._before, self._counts = facts, counts
        text = json.dumps(changed, separators=(",", ":")).encode() if changed else b""
        if len(text) > MOST_FACTS:
            raise RecordingError("more than 4 MB of settings and counters cannot be recorded")
        return text


def _facts_of(snapshot: Snapshot) -> dict[str, Any]:
    return {
        "sysctls": dict(snapshot.sysctls),
        "unreadable": dict(snapshot.sysctls.unreadable),
        "configured": {name: list(setting) for name, setting in snapshot.configured.items()},
        "degraded": list(snapshot.degraded),
        "unlisted": snapshot.unlisted,
        "exact_cookies": snapshot.exact_cookies,
        "own_session": list(snapshot.own_session),
        "owners_lack": snapshot.owners_lack,
        "owners_looked_for": snapshot.sockets.owners is not NO_OWNERS,
        "namespaces": {str(number): name for number, name in snapshot.sockets.namespaces.items()},
        "info_lack": snapshot.tcp_info.lack,
        "counter_problems": list(snapshot.counters.problems),
        "counter_names": list(snapshot.counters),
    }


def _rises(before: Sequence[int], now: Sequence[int]) -> list[int]:
    rises, last = [], -1
    for at, (old, new) in enumerate(zip(before, now, strict=True)):
        if old != new:
            rises += [at - last - 1, new - old]
            last = at
    return rises


@dataclass(frozen=True, slots=True)
class Facts:
    """What was told up to a look."""

    sysctls: Mapping[str, str] = field(default_factory=dict)
    unreadable: Mapping[str, str] = field(default_factory=dict)
    configured: Mapping[str, Setting] = field(default_factory=dict)
    degraded: tuple[str, ...] = ()
    unlisted: str | None = None
    exact_cookies: bool = True
    own_session: tuple[int, ...] = ()
    owners_lack: str | None = None
    owners_looked_for: bool = False
    namespaces: Mapping[int, str] = field(default_factory=dict)
    info_lack: str | None = None
    counter_problems: tuple[str, ...] = ()
    counter_names: tuple[str, ...] = ()
    counters: tuple[int, ...] = ()

    def read(self, text: bytes, *, key: bool) -> Facts:
        """Return them after a change; ``key``: everything must be told. Raises RecordingError."""
        told = _object(text)
        unknown = told.keys() - _PARSERS.keys() - {"counters"}
        if unknown or (key and _PARSERS.keys() - told.keys()):
            raise damaged("facts are missing, or others than there are")
        rises = told.pop("counters", [])
        changed: dict[str, Any] = {name: _PARSERS[name](value) for name, value in told.items()}
        facts = replace(self, **changed)
        if "counter_names" in changed:
            facts = replace(facts, counters=(0,) * len(facts.counter_names))
        return replace(facts, counters=_risen(facts.counters, rises)) if rises else facts

    def arguments(self) -> dict[str, Any]:
        """Return those arguments of `twtop.core.snapshot.snapshot` that are facts."""
        values = dict(zip(self.counter_names, self.counters, strict=True))
        return {
            "sysctls": Sysctls(self.sysctls, self.unreadable),
            "counters": Counters(values, self.counter_problems),
            "degraded": self.degraded,
            "unlisted": self.unlisted,
            "configured": self.configured,
            "exact_cookies": self.exact_cookies,
            "own_session": self.own_session,
        }


def _object(text: bytes) -> dict[str, Any]:
    if not text:
        return {}
    try:
        told = json.loads(text, parse_constant=_refuse, parse_float=_refuse)
    except (ValueError, RecursionError) as error:
        raise damaged("its facts are not JSON") from error
    if type(told) is not dict:
        raise damaged("its facts are no object")
    return told


def _refuse(text: str) -> NoReturn:
    raise ValueError(text)


def _risen(before: tuple[int, ...], rises: Any) -> tuple[int, ...]:
    counts, last = list(before), -1
    if type(rises) is not list or len(rises) % 2:
        raise damaged("counters do not come in pairs")
    for passed, rise in zip(rises[::2], rises[1::2], strict=True):
        last += _number(passed, _U32) + 1
        if last >= len(counts):
            raise damaged("a counter has no name")
        counts[last] += _number(rise, _U64 << 1, -_U64 << 1)
        if not -_U64 < counts[last] < _U64:
            raise damaged("a counter is out of range")
    return tuple(counts)


def _number(value: Any, beyond: int, least: int = 0) -> int:
    if type(value) is not int or not least <= value < beyond:
        raise damaged("a number is none, or out of range")
    return value


def _text(value: Any) -> str:
    if type(value) is not str or len(value) > _LONGEST_TEXT:
        raise damaged("a text is none, or too long")
    return printable(value)


def _sentence(value: Any) -> str | None:
    return None if value is None else _text(value)


def _of(kind: type[T], value: Any) -> T:
    if type(value) is not kind:
        raise damaged(f"expected a {kind.__name__}")
    return value


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(map(_text, _of(list, value)))


def _named(value: Any) -> dict[str, str]:
    return {_text(name): _text(text) for name, text in _of(dict, value).items()}


def _names(value: Any) -> tuple[str, ...]:
    names = _texts(value)
    if len(set(names)) != len(names):
        raise damaged("a counter is there twice")
    return names


def _setting(value: Any) -> Setting:
    texts = _texts(value)
    if len(texts) != 2:
        raise damaged("a setting is not a value and a file")
    return Setting(*texts)


def _numbered(value: Any) -> dict[int, str]:
    numbers = {name: int(name) if name.isdecimal() and len(name) <= 10 else -1 for name in _of(dict, value)}
    return {_number(numbers[name], _U32): _text(text) for name, text in value.items()}


_PARSERS: Final[dict[str, Callable[[Any], Any]]] = {
    "sysctls": _named,
    "unreadable": _named,
    "configured": lambda value: {_text(name): _setting(each) for name, each in _of(dict, value).items()},
    "degraded": _texts,
    "unlisted": _sentence,
    "exact_cookies": partial(_of, bool),
    "own_session": lambda value: tuple(_number(each, _U64) for each in _of(list, value)),
    "owners_lack": _sentence,
    "owners_looked_for": partial(_of, bool),
    "namespaces": _numbered,
    "info_lack": _sentence,
    "counter_problems": _texts,
    "counter_names": _names,
}
assert {*_PARSERS, "counters"} == {each.name for each in fields(Facts)}  # noqa: S101 - one list, said twice
