"""The user's own keys for what the keys of the main screen do."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING, Final

from textual.binding import Binding

from twtop.core.options.kinds import OptionError, known, quoted
from twtop.ui.bindings import KEYS, PRINTED, TERMINAL_KEYS, key_names
from twtop.ui.table.table import GroupTable

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from textual.binding import BindingType

_NAMED: Final = frozenset(
    (
        *("tab", "enter", "space", "escape", "backspace", "delete", "insert", "comma"),
        *("home", "end", "pageup", "pagedown", "up", "down", "left", "right"),
        *(f"f{number}" for number in range(1, 25)),
    )
)
_SPELLINGS: Final = {printed: name for name, printed in PRINTED.items()}
_SAME_IN_A_TERMINAL: Final = {"ctrl+i": "tab", "ctrl+m": "enter", "ctrl+[": "esc"}
_MODIFIED: Final = re.compile(r"(?:(?:ctrl|alt|shift)\+)+(?=.)")


def rebound(keymap: Mapping[str, str]) -> list[BindingType]:
    """Return the bindings of the main screen with the user's keys.

    ``keymap``: by the names of actions, keys as help writes them, with commas between them.

    Raises:
        OptionError: there is no such action or key, or a key would do two things.
    """
    bindings = [binding for binding in KEYS if isinstance(binding, Binding)]
    names = [binding.id or "" for binding in bindings]
    for name in keymap:
        try:
            known(name, "action", names)
        except OptionError as error:
            raise OptionError(str(error), (name,)) from error
    chosen = [_with_keys(binding, keymap.get(binding.id or "")) for binding in bindings]
    for name in keymap:
        _check(next(binding for binding in chosen if binding.id == name), chosen)
    return list(chosen)


def actions() -> Iterator[tuple[str, str, str]]:
    """Yield name, keys as a file has them, and meaning of all that keys of the main screen do."""
    for binding in KEYS:
        if isinstance(binding, Binding):
            yield binding.id or "", ",".join(key_names(binding)), binding.tooltip


def textual_keymap(bindings: Iterable[BindingType]) -> dict[str, str]:
    """Return the keys that are the user's own, by the ids of their bindings, as Textual wants them."""
    own = (binding for binding in bindings if isinstance(binding, Binding) and binding not in KEYS)
    return {binding.id or "": binding.key for binding in own}


def _with_keys(binding: Binding, keys: str | None) -> Binding:
    if keys is None:
        return binding
    words = ["comma"] if keys == "," else keys.split(",")
    try:
        return replace(binding, key=",".join(dict.fromkeys(_key(word.strip()) for word in words)))
    except OptionError as error:
        raise OptionError(str(error), (binding.id or "",)) from error


def _key(word: str) -> str:
    """Return Textual's name of a key that is written as help writes it, or as Textual does."""
    if len(word) == 1 and word.isprintable() and not word.isspace():
        return next(iter(Binding.make_bindings([Binding(word, "")]))).key
    spelled = word.lower()
    if other := _SAME_IN_A_TERMINAL.get(spelled):
        raise OptionError(f"{quoted(word)} and {other!r} are the same key to a terminal; write {other!r}")
    modifiers = match[0] if (match := _MODIFIED.match(spelled)) else ""
    base = _SPELLINGS.get(spelled[len(modifiers) :], spelled[len(modifiers) :])
    if base in _NAMED or base in PRINTED:
        return modifiers + base
    if modifiers and len(base) == 1 and base.isascii() and base.isalnum() and "shift" not in modifiers:
        return modifiers + base
    raise OptionError(f"there is no key {quoted(word)}; keys are such as /, a, A, f2, pgup, space, ctrl+o")


def _check(binding: Binding, bindings: Iterable[Binding]) -> None:
    """Refuse keys that do something else too."""
    taken = {
        **{
            key: f"{item.description.lower()!r} in the table"
            for key, item in _single_keys(GroupTable.BINDINGS)
        },
        **{key: "the terminal's own work" for key, _ in TERMINAL_KEYS},
        **{key: repr(item.id) for key, item in _single_keys(bindings) if item.id != binding.id},
    }
    for key in binding.key.split(","):
        if key in taken:
            printed = key_names(replace(binding, key=key))[0]
            raise OptionError(
                f"{printed!r} would do both {binding.id!r} and {taken[key]}", (binding.id or "",)
            )


def _single_keys(bindings: Iterable[BindingType]) -> Iterator[tuple[str, Binding]]:
    for binding in bindings:
        if isinstance(binding, Binding):
            for key in binding.key.split(","):
                yield key, binding
