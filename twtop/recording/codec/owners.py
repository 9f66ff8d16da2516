"""Owners by numbers: each is told once in a chapter, when a socket first names it.

Section ``owners`` (`twtop.recording.codec.layout`): *texts* that are new; count u32 of owners that are new;
*columns* of their ``pid`` u32, ``start`` u64, ``uid`` u32, and as numbers of texts ``command``, ``user``,
``cgroup`` and ``unit`` u32. Owners and texts are numbered from 1 as they come; owner 0 is nobody, text 0
empty. *texts*: their count u32, bytes u32, and so many of UTF-8 with a newline between two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from twtop.core.owners.owner import NOBODY, Owner
from twtop.core.sockets import zeros_column
from twtop.errors import RecordingError
from twtop.recording.codec.layout import MOST_OWNERS, damaged

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.core.owners.registry import Registry
    from twtop.core.sockets import U32, Sockets
    from twtop.recording.codec.reading import Reader
    from twtop.recording.codec.writing import Writer

_NUMBERS: Final[dict[str, np.dtype[Any]]] = {
    "pid": np.dtype("<u4"),
    "start": np.dtype("<u8"),
    "uid": np.dtype("<u4"),
}
_TEXTS: Final = ("command", "user", "cgroup", "unit")
_TEXT: Final = np.dtype("<u4")
_NEW: Final = np.uint32(0xFFFF_FFFF)


class OwnerNumbers:
    """Numbers the owners that tables name."""

    def __init__(self) -> None:
        self._numbers: dict[Owner, int] = {NOBODY: 0}
        self._texts: dict[str, int] = {"": 0}
        self._records: Sequence[Owner] = ()
        self._of_slot = np.zeros(0, np.uint32)
        """The number of each slot of ``_records``, `_NEW` where it was not asked for yet."""
        self._new: list[Owner] = []

    def of(self, sockets: Sockets) -> U32:
        """Return the numbers of a table's owners, and remember which of them are new."""
        if not len(sockets) or not sockets.owner.max():
            return zeros_column("owner", len(sockets))
        records = sockets.owners.records
        if records is not self._records:
            # Slots are taken over by others in a new list only.
            self._records, self._of_slot = records, np.zeros(0, np.uint32)
        lacking = len(sockets.owners) - len(self._of_slot)
        if lacking > 0:
            self._of_slot = np.append(self._of_slot, np.full(lacking, _NEW))
        named = np.zeros(len(self._of_slot), np.bool_)
        named[sockets.owner] = True
        for slot in np.flatnonzero(named & (self._of_slot == _NEW)).tolist():
            self._of_slot[slot] = self._number(records[slot])
        return self._of_slot[sockets.owner]

    def _number(self, owner: Owner) -> int:
        if owner not in self._numbers:
            if len(self._numbers) > MOST_OWNERS:
                raise RecordingError(f"more than {MOST_OWNERS:,} owners cannot be recorded")
            self._numbers[owner] = len(self._numbers)
            self._new.append(owner)
        return self._numbers[owner]

    def write(self, writer: Writer) -> None:
        """Tell of the owners that are new."""
        new, self._new = self._new, []
        known = len(self._texts)
        numbers = {
            name: [self._texts.setdefault(getattr(owner, name), len(self._texts)) for owner in new]
            for name in _TEXTS
        }
        writer.texts(list(self._texts)[known:])
        writer.number(len(new))
        for name, dtype in _NUMBERS.items():
            writer.column(np.array([getattr(owner, name) for owner in new], dtype))
        for name in _TEXTS:
            writer.column(np.array(numbers[name], _TEXT))


class OwnerSlots:
    """Finds the owners that numbers mean their slots; immutable."""

    def __init__(self, registry: Registry, slots: U32 | None = None, texts: Sequence[str] = ("",)) -> None:
        self._registry = registry
        self.slots = np.zeros(1, np.uint32) if slots is None else slots
        """By number."""
        self._texts = texts

    def __len__(self) -> int:
        return len(self.slots)

    def read(self, reader: Reader) -> OwnerSlots:
        """Return what is known with the owners that are new; raises RecordingError."""
        new_texts = reader.texts(MOST_OWNERS)
        count = reader.count(MOST_OWNERS - len(self) + 1)
        if not count and not new_texts:
            return self
        texts = [*self._texts, *new_texts]
        numbers = {name: reader.column(dtype, count).tolist() for name, dtype in _NUMBERS.items()}
        words = {}
        for name in _TEXTS:
            column = reader.column(_TEXT, count)
            if count and column.max() >= len(texts):
                raise damaged("an owner has a text that is not there")
            words[name] = map(texts.__getitem__, column.tolist())
        owners = map(
            Owner,
            numbers["pid"],
            numbers["start"],
            words["command"],
            numbers["uid"],
            words["user"],
            words["cgroup"],
            words["unit"],
        )
        slots = np.fromiter(map(self._registry.slot, owners), np.uint32, count)
        return OwnerSlots(self._registry, np.append(self.slots, slots), texts)
