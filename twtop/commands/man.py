"""``twtop man``: print the man page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twtop import __released__, __version__
from twtop.export.output import emit
from twtop.packaging.definition import defined_by
from twtop.packaging.man import manual

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping


def print_manual(_: Namespace, parsers: Mapping[str, ArgumentParser]) -> int:
    """Print the page; return the exit status.

    Raises:
        HostError: standard output cannot be written.
    """
    emit([manual(defined_by(parsers), __version__, __released__)])
    return 0
