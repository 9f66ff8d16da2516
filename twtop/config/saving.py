"""Saving what is shown: the file changes where the choice differs from what it says, and nowhere else."""

from __future__ import annotations

import os
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Final, NamedTuple

from twtop.config.editing import edited
from twtop.config.file import ConfigFile, parsed, read_file
from twtop.config.options import options_of
from twtop.config.user_files import shown_path
from twtop.core.options import ScreenOptions
from twtop.core.options.screen import OPTIONS
from twtop.errors import HostError

if TYPE_CHECKING:
    from collections.abc import Mapping

_TRIES: Final = 3


class Saved(NamedTuple):
    """What was written where; nothing if the file said it all before."""

    file: str
    names: tuple[str, ...]


def save_view(chosen: ScreenOptions) -> Saved:
    """Write the options of the view to the user's file, so that the next start shows the same.

    The file is read anew: what others wrote to it meanwhile stays.

    Raises:
        UsageError: the file has a mistake, and is left alone.
        HostError: there is no file to write to, or it cannot be written.
    """
    if chosen.config_file is None:
        raise HostError("there is no file to save to: twtop was started without one, or there is no home")
    path = Path(chosen.config_file)
    for _ in range(_TRIES):
        file = read_file(path, needed=False)
        values = _differing(file, chosen)
        if not values or _replaced(file, _with(file, values)):
            return Saved(file.name, tuple(values))
    raise HostError(f"{shown_path(path)} is being changed by somebody else; try again")


def _differing(file: ConfigFile, chosen: ScreenOptions) -> Mapping[str, object]:
    """Return what the file would have to say, by the names of options."""
    said = ScreenOptions(**options_of(file))
    return {
        option.name: option.kind.to_value(getattr(chosen, member))
        for member, option in OPTIONS.items()
        if option.of_view and getattr(chosen, member) != getattr(said, member)
    }


def _with(file: ConfigFile, values: Mapping[str, object]) -> ConfigFile:
    """Return the file with other values; a new one begins with where its options are described."""
    remarks = {option.name: option.remark for option in OPTIONS.values()}
    new = parsed(file.path, edited(file.text, values, remarks).encode())
    if new.values != {**file.values, **values}:
        raise HostError(f"{file.name} cannot be edited: it says more than its options")
    return new


def _replaced(file: ConfigFile, new: ConfigFile) -> bool:
    """Put a new file in the place of the old one, in one step; False if that changed meanwhile.

    A symbolic link stays, and what it leads to is replaced; mode and owner stay too.
    """
    target = Path(os.path.realpath(file.path))
    try:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if target.exists() and not os.access(target, os.W_OK):
            raise HostError(f"{file.name} cannot be written: it is read-only")
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        temporary = Path(name)
        try:
            with os.fdopen(descriptor, "w", encoding="utf-8", newline="") as stream:
                stream.write(new.text)
                stream.flush()
                os.fsync(descriptor)
                _take_over(target, descriptor)
            if read_file(file.path, needed=False).text != file.text:
                return False
            temporary.replace(target)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise HostError(f"{file.name} cannot be written: {error.strerror}") from error
    return True


def _take_over(target: Path, descriptor: int) -> None:
    """Give a file the mode and owner of the one that it replaces; a new one is its user's alone."""
    if target.exists():
        old = target.stat()
        os.fchmod(descriptor, old.st_mode & 0o7777)
        # Who may not give files away does not own it either way.
        with suppress(PermissionError):
            os.fchown(descriptor, old.st_uid, old.st_gid)
