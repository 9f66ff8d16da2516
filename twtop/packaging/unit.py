"""A unit for systemd that starts this very twtop, in a sandbox.

Sources: systemd.exec(5), systemd.service(5) (COMMAND LINES), systemd.unit(5) (SPECIFIERS).
"""

from __future__ import annotations

from importlib.resources import files
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/._-+=:@,")
_UNPACKING: Final = """\
# The single file unpacks itself here once; two services are two users, and cannot share a folder.
CacheDirectory=%N
Environment=PEX_ROOT=%C/%N
"""


def unit(service: str, command: Sequence[str], *, unpacks: bool = False) -> str:
    """Return the text of a unit; ``service`` is a command of twtop that stays, ``command`` starts twtop.

    ``unpacks`` says that the program is a single file, which needs a place to unpack itself.
    """
    folder = files("twtop.packaging") / "units"
    parts = {
        "SANDBOX": (folder / "sandbox.conf").read_text(encoding="utf-8").rstrip(),
        "UNPACKING": _UNPACKING if unpacks else "",
        "TWTOP": " ".join(map(_quoted, command)),
    }
    text = (folder / f"{service}.service").read_text(encoding="utf-8")
    for name, part in parts.items():
        text = text.replace(f"@{name}@", part)
    return text


def _quoted(word: str) -> str:
    """Write a word as ExecStart= takes it: specifiers and variables are not meant."""
    doubled = word.replace("%", "%%").replace("$", "$$")
    if _PLAIN.issuperset(word):
        return doubled
    escaped = doubled.replace("\\", "\\\\").replace('"', '\\"')
    return '"' + "".join(each if each.isprintable() else f"\\U{ord(each):08x}" for each in escaped) + '"'
