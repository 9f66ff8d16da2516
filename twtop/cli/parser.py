"""A parser whose errors are one line, and what reads a count."""

from __future__ import annotations

from argparse import Action, ArgumentParser, ArgumentTypeError, RawDescriptionHelpFormatter
from typing import TYPE_CHECKING, Any, NoReturn

from twtop.core.text import printable
from twtop.errors import UsageError
from twtop.export.output import emit

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


class Parser(ArgumentParser):
    """An ArgumentParser whose errors are one line, and whose help may be too much for a disk."""

    def __init__(self, prog: str, description: str, *epilog: str, usage: str | None = None) -> None:
        super().__init__(
            prog,
            usage,
            description=description,
            epilog="\n".join(epilog),
            formatter_class=RawDescriptionHelpFormatter,
            allow_abbrev=False,
            add_help=False,
        )
        self.add_argument(
            "-h", "--help", action=Print, text=self.format_help, help="show this help message and exit"
        )

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Read arguments; a value may begin with - and a digit, which no option does: ``--at -10m``."""
        return super().parse_known_args(None if args is None else _joined(args), namespace)

    def error(self, message: str) -> NoReturn:
        """Complain as the rest of twtop does."""
        raise UsageError(f"{printable(message)}; see `{self.prog} --help`")


def _joined(arguments: Sequence[str]) -> list[str]:
    joined: list[str] = []
    for argument in arguments:
        before = joined[-1] if joined else ""
        is_value = before.startswith("--") and len(before) > 2 and "=" not in before
        if is_value and argument[:1] == "-" and argument[1:2].isdecimal():
            joined[-1] = f"{before}={argument}"
        else:
            joined.append(argument)
    return joined


class Print(Action):
    """Print a text and exit, through the one door for output."""

    def __init__(self, option_strings: Sequence[str], dest: str, text: Callable[[], str], help: str) -> None:  # noqa: A002 - argparse's name
        super().__init__(option_strings, dest, nargs=0, help=help)
        self._text = text

    def __call__(self, parser: ArgumentParser, *_: Any) -> None:
        """Print, and leave."""
        emit([self._text()])
        parser.exit()


def positive(text: str) -> int:
    """Read a whole number above 0."""
    if not (text.isascii() and text.isdigit() and len(text) < 10 and int(text)):
        raise ArgumentTypeError(f"expected a number from 1 to 999999999, found {text!r}")
    return int(text)
