"""Arguments of the command line that are options, made from their declarations."""

from __future__ import annotations

from argparse import ArgumentTypeError, BooleanOptionalAction
from typing import TYPE_CHECKING, Any

from twtop.core.options.kinds import Flag, OptionError
from twtop.core.options.screen import OPTIONS

if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Callable, Iterable

    from twtop.core.options.kinds import Kind


def add_options(parser: ArgumentParser, members: Iterable[str] = OPTIONS) -> None:
    """Let a command take options, by their members' names; what is not said stays None.

    What is costly to read stays text, for the command to read.
    """
    for member in members:
        option = OPTIONS[member]
        if option.flag is None:
            continue
        explained = f"{option.explained} (default: {option.shown_default})".replace("%", "%%")
        if isinstance(option.kind, Flag):
            parser.add_argument(
                option.flag, dest=member, action=BooleanOptionalAction, default=None, help=explained
            )
        else:
            parser.add_argument(
                option.flag,
                dest=member,
                metavar=option.kind.metavar,
                type=reader(option.kind) if option.kind.is_light else str,
                help=explained,
            )


def reader(kind: Kind[Any]) -> Callable[[str], Any]:
    """Return what reads an argument, complaining as argparse wants it."""

    def read(text: str) -> Any:
        try:
            return kind.of_text(text)
        except OptionError as error:
            raise ArgumentTypeError(str(error)) from error

    return read
