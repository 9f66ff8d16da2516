"""What the terminal can show, decided from the environment before anything is drawn."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from twtop.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping


class Capabilities(NamedTuple):
    """Whether colours, and characters beyond ASCII, can be shown."""

    color: bool
    unicode: bool


def capabilities(environ: Mapping[str, str]) -> Capabilities:
    """Decide from TERM, NO_COLOR and the locale's variables what the terminal can show.

    NO_COLOR counts when present, as Textual has it (and takes it out of `os.environ` when an App is made: ask
    before). The console of Linux (TERM=linux) has colours, but a font of 512 signs: no braille, few blocks.
    """
    term = environ.get("TERM", "")
    color = "NO_COLOR" not in environ and term not in {"", "dumb", "vt100", "vt220"}
    unicode = term not in {"linux", "dumb"} and encoding(environ) == "utf-8"
    return Capabilities(color=color, unicode=unicode)


def encoding(environ: Mapping[str, str]) -> str:
    """Name the encoding of the terminal: "utf-8", or "ascii" for every locale that is not UTF-8.

    Without any locale it is UTF-8: minimal hosts set none, and terminals that are not UTF-8 are long gone.
    """
    names = [environ.get(name, "") for name in ("LC_ALL", "LC_CTYPE", "LANG")]
    if not names[0] and names[1] == "C.UTF-8" and names[2] in {"C", "POSIX"}:
        # Python itself put LC_CTYPE there (PEP 538); LANG is what the user said.
        return "ascii"
    locale = next(filter(None, names), "C.UTF-8")
    return "utf-8" if locale.lower().replace("-", "").partition("@")[0].endswith("utf8") else "ascii"


def require_terminal(instead: str = "twtop snapshot") -> None:
    """Check that the screen can be drawn at all; ``instead`` is what prints the same without it.

    Raises UsageError when stdin or stdout is no terminal, or when the terminal cannot place its cursor.
    """
    for stream, fd in (("stdin", 0), ("stdout", 1)):
        if not os.isatty(fd):
            raise UsageError(f"{stream} is not a terminal: use `{instead}` for output without the screen")
    if os.environ.get("TERM") == "dumb":
        raise UsageError(
            f"TERM=dumb cannot place the cursor: use `{instead}`, or set TERM to your terminal's type"
        )
