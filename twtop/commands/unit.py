"""``twtop unit``: print a unit for systemd."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Final

from twtop.export.output import emit, remark
from twtop.packaging.unit import unit

if TYPE_CHECKING:
    from argparse import Namespace

_HIDDEN: Final = ("/home", "/root", "/run/user", "/tmp", "/var/tmp")  # noqa: S108 - hidden, not used
"""What ProtectHome= and PrivateTmp= hide."""


def print_unit(arguments: Namespace) -> int:
    """Print the unit, and on stderr why it could not start twtop here; return the exit status.

    Raises:
        HostError: standard output cannot be written.
    """
    single = _single_file()
    command = _command() if single is None else [single]
    emit([unit(arguments.service, command, unpacks=single is not None)])
    needed = map(os.path.realpath, [*command, sys.executable])
    hidden = next((path for path in needed if path.startswith(_folders())), None)
    if hidden is not None:
        remark(
            f"the unit cannot see {hidden}: install twtop and its Python outside of homes and of /tmp,"
            " for example in a venv below /opt"
        )
    return 0


def _folders() -> tuple[str, ...]:
    return tuple(f"{folder}/" for folder in _HIDDEN)


def _single_file() -> str | None:
    """Return the file of pex that unpacked this twtop; None where it is installed otherwise."""
    name = os.environ.get("PEX")
    # What a program of pex starts has the variable, too.
    return str(Path(name).absolute()) if name and Path(sys.prefix, "PEX-INFO").exists() else None


def _command() -> list[str]:
    """Return what starts this twtop: the installed program, or the module."""
    program = Path(sys.argv[0]).absolute()
    # A link, such as pipx makes, outlives what it leads to.
    return [str(program)] if program.name == "twtop" else [sys.executable, "-m", "twtop"]
