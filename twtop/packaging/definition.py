"""What the parsers of the command line say, for all that is made from it.

argparse has no public way to ask a parser what it takes; everybody who needs to know reads ``_actions``. Here
is the only place that does.
"""

from __future__ import annotations

from argparse import SUPPRESS
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from argparse import Action, ArgumentParser
    from collections.abc import Iterator, Mapping


@dataclass(frozen=True, slots=True)
class Argument:
    """An option, or a word that has its meaning by its place."""

    flags: tuple[str, ...]
    """How the option is written, the short one first; empty for a word."""
    value: str
    """What stands for its value in the help, empty where it takes none."""
    choices: tuple[str, ...]
    """All values that there are, empty where there are more."""
    about: str
    """Its line in the help."""
    optional: bool
    """Whether the value may be left out."""
    repeated: bool
    """Whether several values may follow."""


@dataclass(frozen=True, slots=True)
class Command:
    """A command, or what twtop takes without one."""

    name: str
    """Its word, empty without one."""
    prog: str
    """How it is called: ``twtop snapshot``."""
    usage: str
    """``usage: ...`` in one line, as wide as it is."""
    description: str
    epilog: str
    options: tuple[Argument, ...]
    words: tuple[Argument, ...]

    @property
    def summary(self) -> str:
        """The first sentence of its description, without its full stop."""
        first = " ".join(self.description.split("\n\n")[0].split())
        return first.partition(". ")[0].rstrip(".")


def defined_by(parsers: Mapping[str, ArgumentParser]) -> dict[str, Command]:
    """Return what parsers say, by the words of their commands; what is hidden from the help is left out."""
    return {name: _command(name, parser) for name, parser in parsers.items()}


def _command(name: str, parser: ArgumentParser) -> Command:
    arguments = tuple(_shown(parser))
    return Command(
        name=name,
        prog=parser.prog,
        usage=" ".join(parser.format_usage().split()),
        description=parser.description or "",
        epilog=parser.epilog or "",
        options=tuple(argument for argument in arguments if argument.flags),
        words=tuple(argument for argument in arguments if not argument.flags),
    )


def _shown(parser: ArgumentParser) -> Iterator[Argument]:
    for action in parser._actions:  # noqa: SLF001 - see above
        if action.help != SUPPRESS:
            yield _argument(action)


def _argument(action: Action) -> Argument:
    choices = tuple(map(str, action.choices or ()))
    named = action.metavar if isinstance(action.metavar, str) else None
    value = named or (f"{{{','.join(choices)}}}" if choices else action.dest.upper())
    return Argument(
        flags=tuple(action.option_strings),
        value="" if action.nargs == 0 else value,
        choices=choices,
        about=(action.help or "") % vars(action),
        optional=action.nargs in ("?", "*"),
        repeated=action.nargs in ("*", "+", "..."),
    )
