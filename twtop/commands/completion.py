"""``twtop completion``: print a shell's script, or answer what it asks."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twtop.export.output import emit
from twtop.packaging.completion import complete, for_shell, script, typed
from twtop.packaging.definition import defined_by

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Mapping


def print_completion(arguments: Namespace, parsers: Mapping[str, ArgumentParser]) -> int:
    """Print the script or the words; return the exit status.

    Raises:
        HostError: standard output cannot be written.
    """
    shell = arguments.shell
    if arguments.words is None:
        emit([script(shell)])
    else:
        emit([for_shell(shell, complete(defined_by(parsers), typed(shell, arguments.words), shell))])
    return 0
