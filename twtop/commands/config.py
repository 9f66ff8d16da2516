"""``twtop config``: print an example of a file of options, or check one."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from twtop.config.example import example_text
from twtop.config.options import chosen_file, options_of
from twtop.core.options.kinds import OptionError
from twtop.export.output import emit

if TYPE_CHECKING:
    from argparse import Namespace

    from twtop.config.file import ConfigFile


def show_config(arguments: Namespace) -> int:
    """Print the example, or check a file; return the exit status.

    Raises:
        UsageError: the file has a mistake.
        HostError: standard output cannot be written.
    """
    if arguments.check is not None:
        file = chosen_file(os.environ, arguments.check or None, ignored=False)
        emit([f"{_verdict(file)}\n"])
        return 0
    from twtop.ui.keymap import actions

    emit(example_text(actions()))
    return 0


def options_in(file: ConfigFile) -> dict[str, Any]:
    """Return the options that a file has, by their members' names, the user's own keys checked too.

    Raises:
        UsageError: a key or value is wrong; says file, line, and what would be right.
    """
    options = options_of(file)
    if keymap := options.get("keymap"):
        # The names of what keys do are the screen's, which takes time to import.
        from twtop.ui.keymap import rebound

        try:
            rebound(keymap)
        except OptionError as error:
            raise file.complaint(("keys", *error.at), str(error)) from error
    return options


def _verdict(file: ConfigFile | None) -> str:
    if file is None or not file.path.exists():
        where = "for a user without a home" if file is None else f"at {file.name}"
        return f"There is no file {where}: every option has its default."
    count = len(options_in(file))
    return f"{file.name}: {count} {'option' if count == 1 else 'options'}, nothing wrong."
