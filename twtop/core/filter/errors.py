"""The one way a filter can be wrong, with the place where it is wrong."""

from __future__ import annotations

from twtop.core.text import printable
from twtop.errors import UsageError


class FilterError(UsageError):
    """A filter that cannot be understood; ``str()`` says where, what is wrong, and what would be right."""

    def __init__(self, message: str, text: str, position: int, length: int = 1) -> None:
        self.message = message
        self.text = text
        self.position = position
        """Column of the first wrong character, from 0; ``len(text)`` where the end comes too early."""
        self.length = max(1, length)
        super().__init__(f"filter, column {position + 1}: {message}")

    def pointer(self) -> str:
        """Return two lines: the filter, and carets under what is wrong."""
        before = printable(self.text[: self.position])
        return f"{before}{printable(self.text[self.position :])}\n{' ' * len(before)}{'^' * self.length}"

    def pointed(self, where: str = "") -> str:
        """Return the whole complaint: where, what, and the line that points at it."""
        return "\n  ".join((f"{where}{self}", *self.pointer().split("\n")))
