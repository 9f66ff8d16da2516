"""The kinds of values that options have: how each is read from a file and from a command line, and written.

An ``OptionError`` says what was expected and what was found. Values come from strangers' files: what a
complaint quotes of them is short and fit for a terminal.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final, Generic, TypeVar

from twtop.core.text import printable
from twtop.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

    from twtop.core.filter import Expr
    from twtop.core.filter.operands import Services

T = TypeVar("T")

_LONGEST_QUOTED: Final = 60
_HUGE: Final = 10**18


class OptionError(UsageError):
    """A value that an option cannot have; ``str()`` says what would be right.

    ``at`` leads to the wrong entry of a table, and is empty where the value itself is wrong.
    """

    def __init__(self, message: str, at: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.at = at


class Kind(ABC, Generic[T]):
    """What the values of an option have in common."""

    metavar: str = ""
    """What stands for the value in ``--help``."""
    is_light: bool = False
    """Whether nothing heavy is imported to read it: then the command line is checked at once."""

    @property
    def limits(self) -> str:
        """What the values are, for people; empty where the option's own line says it."""
        return ""

    @abstractmethod
    def of_text(self, text: str, services: Services | None = None) -> T:
        """Read an argument of the command line; raises `OptionError`, or FilterError."""

    @abstractmethod
    def of_value(self, value: object, services: Services | None = None) -> T:
        """Read a value of a TOML file; raises `OptionError`, or FilterError."""

    def to_value(self, chosen: T) -> object:
        """Return what a TOML file has for it: a string, number or boolean, or a list of strings."""
        return chosen


@dataclass(frozen=True, slots=True)
class Number(Kind[float]):
    """A number between two limits."""

    unit: str
    lowest: float
    highest: float
    metavar: str
    is_light = True

    @property
    def limits(self) -> str:
        """Both limits."""
        return f"{self.lowest:g} to {self.highest:g}"

    def of_text(self, text: str, services: Services | None = None) -> float:
        """Read a decimal number."""
        try:
            return self._within(float(text), text)
        except ValueError:
            raise self._wrong(text) from None

    def of_value(self, value: object, services: Services | None = None) -> float:
        """Read a TOML integer or float."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self._wrong(value)
        return self._within(value, value)

    def to_value(self, chosen: float) -> object:
        """Return a whole number without a point."""
        return int(chosen) if chosen == int(chosen) else chosen

    def _within(self, number: float, found: object) -> float:
        # Neither infinity nor NaN is in between.
        if not self.lowest <= number <= self.highest:
            raise self._wrong(found)
        return float(number)

    def _wrong(self, found: object) -> OptionError:
        return OptionError(
            f"expected {self.unit} from {self.lowest} to {self.highest}, found {quoted(found)}"
        )


@dataclass(frozen=True, slots=True)
class Flag(Kind[bool]):
    """Yes or no; on the command line ``--name`` and ``--no-name``."""

    is_light = True

    def of_text(self, text: str, services: Services | None = None) -> bool:
        """Read the word."""
        if text not in ("true", "false"):
            raise OptionError(f"expected true or false, found {quoted(text)}")
        return text == "true"

    def of_value(self, value: object, services: Services | None = None) -> bool:
        """Read a TOML boolean."""
        if not isinstance(value, bool):
            raise OptionError(f"expected true or false, found {quoted(value)}")
        return value


@dataclass(frozen=True, slots=True)
class Name(Kind[str]):
    """One of some names."""

    noun: str
    names: Callable[[], Collection[str]]
    """Called when a name is read: what has the names may be heavy to import."""
    metavar: str
    is_light: bool = False

    def of_text(self, text: str, services: Services | None = None) -> str:
        """Read a name as it is written."""
        return known(text, self.noun, self.names())

    def of_value(self, value: object, services: Services | None = None) -> str:
        """Read a TOML string."""
        if not isinstance(value, str):
            raise OptionError(f"expected a {self.noun} in quotes, found {quoted(value)}")
        return known(value, self.noun, self.names())


@dataclass(frozen=True, slots=True)
class Names(Kind[tuple[str, ...]]):
    """Some of some names, in an order, each at most once; by commas, in a file also as a list."""

    noun: str
    names: Callable[[], Collection[str]]
    metavar: str

    def of_text(self, text: str, services: Services | None = None) -> tuple[str, ...]:
        """Read names with commas between them; case and ``_`` for ``-`` do not matter."""
        return self._checked(text.split(","))

    def of_value(self, value: object, services: Services | None = None) -> tuple[str, ...]:
        """Read a TOML array of strings, or a string."""
        if isinstance(value, str):
            return self.of_text(value)
        if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
            raise OptionError(
                f'expected {self.noun}s such as ["{next(iter(self.names()))}"], found {quoted(value)}'
            )
        return self._checked(value)

    def to_value(self, chosen: tuple[str, ...]) -> object:
        """Return a list."""
        return list(chosen)

    def _checked(self, words: list[str]) -> tuple[str, ...]:
        available = self.names()
        names = tuple(
            known(word.strip().lower().replace("_", "-"), self.noun, available)
            for word in words[: len(available) + 1] or [""]
        )
        for name in names:
            if names.count(name) > 1:
                raise OptionError(f"{name!r} is there twice; each {self.noun} can be there once")
        return names


@dataclass(frozen=True, slots=True)
class FilterText(Kind["Expr"]):
    """A filter; where it is wrong a FilterError points at the column."""

    metavar: str = "EXPR"

    def of_text(self, text: str, services: Services | None = None) -> Expr:
        """Read a filter; ``services`` finds the ports of service names."""
        from twtop.core.filter import parse
        from twtop.core.filter.parser import no_services

        return parse(text, services or no_services)

    def of_value(self, value: object, services: Services | None = None) -> Expr:
        """Read a TOML string."""
        if not isinstance(value, str):
            raise OptionError(f"expected a filter in quotes, found {quoted(value)}")
        return self.of_text(value, services)

    def to_value(self, chosen: Expr) -> object:
        """Return the filter's text, empty where it lets all through."""
        from twtop.core.filter import filter_text

        return filter_text(chosen)


@dataclass(frozen=True, slots=True)
class Table(Kind["Mapping[str, str]"]):
    """A table of names, each with a text or a list of texts; what they mean is checked elsewhere."""

    noun: str
    is_light = True

    def of_text(self, text: str, services: Services | None = None) -> Mapping[str, str]:
        """Refuse: there is no such argument."""
        raise OptionError(f"expected a table of {self.noun}, found {quoted(text)}")

    def of_value(self, value: object, services: Services | None = None) -> Mapping[str, str]:
        """Read a TOML table; lists become texts with commas."""
        if not isinstance(value, dict):
            raise OptionError(f"expected a table of {self.noun}, found {quoted(value)}")
        return {name: self._entry(name, entry) for name, entry in value.items()}

    def to_value(self, chosen: Mapping[str, str]) -> object:
        """Return it."""
        return dict(chosen)

    def _entry(self, name: str, entry: object) -> str:
        if isinstance(entry, str):
            return entry
        if not isinstance(entry, list) or not all(isinstance(text, str) for text in entry):
            raise OptionError(f"expected {self.noun} in quotes, found {quoted(entry)}", (name,))
        return ",".join(entry)


def known(name: str, noun: str, names: Collection[str]) -> str:
    """Return a name that is one of some; raises `OptionError` with what may be meant."""
    if name in names:
        return name
    close = get_close_matches(name[:_LONGEST_QUOTED].lower().replace("_", "-"), names, n=1)
    right = f"did you mean {close[0]!r}?" if close else f"the {noun}s are {', '.join(names)}"
    raise OptionError(f"there is no {noun} {quoted(name)}; {right}")


def quoted(value: object) -> str:
    """Write a value that may be anything, short and fit for a terminal."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list):
        return "a table" if isinstance(value, dict) else "a list"
    if isinstance(value, int) and abs(value) >= _HUGE:
        return "a huge number"
    text = value if isinstance(value, str) else str(value)
    clipped = text if len(text) <= _LONGEST_QUOTED else f"{text[:_LONGEST_QUOTED]}..."
    return repr(printable(clipped)) if isinstance(value, str) else printable(clipped)
