"""Which network namespace ``--netns`` means: a name, the id of a process, or a path."""

from __future__ import annotations

import errno
import os
import re
from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from twtop.core.text import printable
from twtop.errors import UsageError, system_reason
from twtop.kernel.namespaces.held import HeldNamespace
from twtop.kernel.namespaces.listing import PROC, Namespace, find_namespaces, namespace_of

if TYPE_CHECKING:
    from collections.abc import Sequence

_MOST_LISTED: Final = 8
_NEAR: Final = 0.5
_ID: Final = re.compile(r"[0-9a-f]{8,12}")
_PID: Final = re.compile(r"\[[0-9]+\]$")
_OF_PROCESS: Final = re.compile(r"/proc/([0-9]{1,10})/ns/net")


def choose_namespace(text: str, found: Sequence[Namespace] | None = None) -> Namespace:
    """Return the namespace that a user means; digits are the id of a process, what has a slash is a path.

    Raises UsageError, which says in one line why there is none.
    """
    found = find_namespaces() if found is None else found
    if text.isdecimal() and text.isascii() and len(text) <= 10:
        return _of_process(int(text), found)
    if "/" in text:
        return _at_path(text, found)
    return _by_name(text, found)


def _of_process(pid: int, found: Sequence[Namespace]) -> Namespace:
    namespace = namespace_of(pid, found)
    if namespace is not None:
        return namespace
    by_number = [each for each in found if each.number == pid]
    if by_number:
        return by_number[0]
    if os.path.exists(f"{PROC}/{pid}"):  # noqa: PTH110 - as cheap as it gets
        raise UsageError(f"--netns: process {pid} is ending, or may not be seen by this user")
    raise UsageError(f"--netns: there is no process {pid}")


def _at_path(path: str, found: Sequence[Namespace]) -> Namespace:
    shown = printable(path)
    if (of_process := _OF_PROCESS.fullmatch(path)) is not None:
        # Whoever may not open it may still read what /proc has of the process.
        return _of_process(int(of_process[1]), found)
    try:
        held = HeldNamespace.open(path)
    except OSError as error:
        if error.errno in (errno.ENOTTY, errno.EINVAL, errno.EISDIR, errno.ENXIO):
            raise UsageError(f"--netns: {shown} is not a network namespace") from error
        raise UsageError(f"--netns: cannot open {shown}: {system_reason(error)}") from error
    except ValueError as error:
        raise UsageError(f"--netns: {shown} is not a path") from error
    try:
        number = held.inode
    finally:
        held.close()
    known = next((each for each in found if each.number == number), None)
    return known or Namespace(number, shown, (str(number),), path=path)


def _by_name(name: str, found: Sequence[Namespace]) -> Namespace:
    wanted = printable(name)
    meant = (
        [each for each in found if wanted == each.name]
        or [each for each in found if wanted in each.names]
        or [each for each in found if _is_short_for(wanted, each.name)]
    )
    if len(meant) == 1:
        return meant[0]
    if meant:
        which = ", ".join(each.name for each in meant)
        raise UsageError(f"--netns: {wanted!r} may be any of {which}")
    raise UsageError(f"--netns: there is no network namespace {wanted!r}; {_offer(wanted, found)}")


def _is_short_for(wanted: str, name: str) -> bool:
    """Tell whether it is ``nginx`` for ``nginx[77]``, ``web`` for ``lxc web``, or the id of a container."""
    kind, _, called = name.rpartition(" ")
    is_id = bool(kind) and _ID.fullmatch(called) is not None and wanted.startswith(called)
    return is_id or wanted in (_PID.sub("", name), called)


def _offer(wanted: str, found: Sequence[Namespace]) -> str:
    names = [each.name for each in found]
    near = get_close_matches(wanted, names, _MOST_LISTED, _NEAR) or names[:_MOST_LISTED]
    others = len(names) - len(near)
    rest = f" and {others} more" if others else ""
    return f"there {'is' if len(names) == 1 else 'are'} {', '.join(near)}{rest}, and all"
