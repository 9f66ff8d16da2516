"""A file of options that says what every option is, with all of them commented out."""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING, Final

from twtop.config.editing import literal
from twtop.core.options.kinds import Flag, Name, Names
from twtop.core.options.screen import OPTIONS

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from twtop.core.options.option import Option

_WIDTH: Final = 78
_HEAD: Final = """\
# Options of twtop, read when the screen opens from ~/.config/twtop/config.toml
# (or $XDG_CONFIG_HOME/twtop/config.toml). The command line goes before the file.
# What is commented out is the default. ctrl+s on the screen saves the view here.
"""


def example_text(actions: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    """Yield the lines of the file; of each of the ``actions`` of keys name, keys and what it does."""
    yield _HEAD
    for member, option in OPTIONS.items():
        if member != "keymap":
            yield from ("\n", *_explained(option), f"# {option.name} = {literal(option.default)}\n")
    yield from ("\n", *_explained(OPTIONS["keymap"]), "# [keys]\n")
    for name, keys, meaning in actions:
        yield f"# {name} = {literal(keys)}  # {meaning}\n"


def _explained(option: Option) -> Iterator[str]:
    """Yield what an option is, what it can be, and an example."""
    kind = option.kind
    among = f" Of: {', '.join(kind.names())}." if isinstance(kind, Name | Names) else ""
    for line in wrap(f"{option.remark}{among}", _WIDTH, break_on_hyphens=False):
        yield f"# {line}\n"
    if not isinstance(kind, Flag):
        yield f"# Such as: {literal(option.example)}\n"
