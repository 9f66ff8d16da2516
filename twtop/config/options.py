"""What a file of options says, checked against the declarations."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from twtop.config.file import ConfigFile, read_file
from twtop.config.user_files import user_file
from twtop.core.filter import FilterError
from twtop.core.options.kinds import OptionError, known
from twtop.core.options.screen import OPTIONS
from twtop.errors import UsageError
from twtop.kernel.services import service_port

if TYPE_CHECKING:
    from collections.abc import Mapping

_MEMBERS: Final = {option.name: member for member, option in OPTIONS.items()}


def chosen_file(environ: Mapping[str, str], given: str | None, *, ignored: bool) -> ConfigFile | None:
    """Read the file that the command line names, else the one in its usual place, if it is there.

    None: there is to be no file, or the user has no home.

    Raises:
        UsageError: it cannot be read, or it is not TOML.
    """
    if ignored:
        return None
    if given is not None:
        return read_file(Path(given), needed=True)
    usual = user_file("config.toml", environ)
    return None if usual is None else read_file(usual, needed=False)


def options_of(file: ConfigFile) -> dict[str, Any]:
    """Return the options that a file has, by their members' names.

    Raises:
        UsageError: a key or value is wrong; says file, line, and what would be right.
    """
    return {_member(file, name): _value(file, name, value) for name, value in file.values.items()}


def _member(file: ConfigFile, name: str) -> str:
    if name not in _MEMBERS:
        raise file.complaint((name,), _unknown(name))
    return _MEMBERS[name]


def _unknown(name: str) -> str:
    for option in OPTIONS.values():
        if option.flag == f"--{name}":
            return f"there is no option {name!r} in a file; {option.flag} is called {option.name!r} there"
    try:
        return known(name, "option", _MEMBERS)
    except OptionError as error:
        return str(error)


def _value(file: ConfigFile, name: str, value: object) -> Any:
    try:
        return OPTIONS[_MEMBERS[name]].kind.of_value(value, service_port)
    except FilterError as error:
        raise UsageError(error.pointed(f"{file.where((name,))}: ")) from error
    except OptionError as error:
        raise file.complaint((name, *error.at), f"{'.'.join((name, *error.at))}: {error}") from error
