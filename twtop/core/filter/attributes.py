"""What sockets are asked for by a word of its own: ``proc = nginx``; neither the kernel nor ``ss`` knows it.

To add a word, add an entry to `ATTRIBUTES`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.owners.certainty import Certainty
from twtop.core.roles import is_alone

if TYPE_CHECKING:
    from collections.abc import Callable

    from twtop.core.owners.owner import Owner
    from twtop.core.sockets import Mask, Sockets

    Fits = Callable[[str], bool]


@dataclass(frozen=True, slots=True)
class Attribute:
    """Something that sockets have, by its word in the language."""

    word: str
    noun: str
    """What its value is, with its article."""
    example: str
    mask: Callable[[Sockets, str], Mask]
    """Which sockets have a value, given as `read` returns it."""
    read: Callable[[str], str | None] = str
    """Returns the plainest spelling of a value; None where that is none."""
    of_owners: bool = False
    """Whether it is known only where somebody looks at processes."""


def _fitting(value: str) -> Fits:
    """Return a test for texts: ``*`` in the value stands for any text, an empty value for an unknown one.

    What is unknown is not any text. No text takes long to be tested.
    """
    if not value:
        return lambda text: not text
    first, *others = map(re.escape, value.split("*"))
    middle = "".join(f"(?>.*?{part})" for part in others[:-1])
    pattern = re.compile(first + middle + "".join(f".*{last}" for last in others[-1:]))
    return lambda text: bool(text and pattern.fullmatch(text))


def _labelled(sockets: Sockets, value: str) -> Mask:
    fits = _fitting(value)
    fitting = np.array([fits(text) for text in sockets.labels.texts])
    found: Mask = fitting[sockets.labels.find(sockets.remote_hi, sockets.remote_lo)]
    return found & ~is_alone(sockets.state)


def _owned(sockets: Sockets, fits: Callable[[Owner], bool]) -> Mask:
    """Test each owner that there is once, however many sockets it has."""
    there = np.zeros(len(sockets.owners), np.bool_)
    there[sockets.owner] = True
    fitting = np.zeros(len(there), np.bool_)
    records = sockets.owners.records
    for slot in np.flatnonzero(there).tolist():
        fitting[slot] = fits(records[slot])
    found: Mask = fitting[sockets.owner]
    return found


def _of_process(sockets: Sockets, value: str) -> Mask:
    pid = int(value)
    return _owned(sockets, lambda owner: owner.pid == pid)


def _of_command(sockets: Sockets, value: str) -> Mask:
    fits = _fitting(value)
    return _owned(sockets, lambda owner: fits(owner.command))


def _of_user(sockets: Sockets, value: str) -> Mask:
    fits, uid = _fitting(value), int(value) if _NUMBER.fullmatch(value) else -1
    return _owned(sockets, lambda owner: owner.uid == uid or fits(owner.user))


def _in_cgroup(sockets: Sockets, value: str) -> Mask:
    """Find a unit or container by its name, or a cgroup by its path or a part of it, and all below it.

    The root of all cgroups, in which nothing has a unit, stands for itself alone.
    """
    if not value:
        return _owned(sockets, lambda owner: not owner.unit)
    path = _MOUNTED.sub("", value) or "/"
    named = _fitting(path)
    above = "" if path.startswith("/") else "*/"
    ending, holding = _fitting(f"{above}{path}"), _fitting(f"{above}{path}/*")
    return _owned(sockets, lambda owner: named(owner.unit) or ending(owner.cgroup) or holding(owner.cgroup))


def _in_namespace(sockets: Sockets, value: str) -> Mask:
    """Find a network namespace by its name, or by its number where there are several."""
    fits, names = _fitting(value), sockets.namespaces
    fitting = [number for number, name in names.items() if fits(name) or (number and fits(str(number)))]
    found: Mask = np.isin(sockets.netns, fitting)
    return found


def _certain(sockets: Sockets, value: str) -> Mask:
    found: Mask = np.isin(sockets.certainty, CERTAINTIES[value])
    return found


_NUMBER: Final = re.compile("[0-9]{1,10}")
_MOUNTED: Final = re.compile("^/sys/fs/cgroup(/unified)?(?=/|$)|/$")
"""What ``ss`` wants before a path, and what shells leave behind it."""

CERTAINTIES: Final[dict[str, list[Certainty]]] = {
    **{certainty.label: [certainty] for certainty in Certainty},
    "exact": [certainty for certainty in Certainty if certainty.is_exact],
}
"""How an owner may be known, as the table says it; and those that were seen, together."""


def _number(value: str) -> str | None:
    return str(int(value)) if _NUMBER.fullmatch(value) else None


def _certainty(value: str) -> str | None:
    return value.lower() if value.lower() in CERTAINTIES else None


ATTRIBUTES: Final[dict[str, Attribute]] = {
    attribute.word: attribute
    for attribute in (
        Attribute("pid", "a process id", "77", _of_process, _number, of_owners=True),
        Attribute("proc", "the name of a process", "nginx", _of_command, of_owners=True),
        Attribute("user", "a user's name or number", "www-data", _of_user, of_owners=True),
        Attribute("cgroup", "a unit, container or cgroup", "nginx.service", _in_cgroup, of_owners=True),
        Attribute("owner", f"one of {', '.join(CERTAINTIES)}", "exact", _certain, _certainty, of_owners=True),
        Attribute("label", "a label", "database", _labelled),
        Attribute("netns", "the name of a network namespace", "web", _in_namespace),
    )
}
