"""An option: declared once, from which command line, file, help and documentation follow."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twtop.core.options.kinds import Kind

_KEY: Final = "option"


@dataclass(frozen=True, slots=True)
class Option:
    """Something that the user may choose, in the file and mostly on the command line too."""

    name: str
    """Its key in the file."""
    kind: Kind[Any]
    default: object
    """As it would stand in the file."""
    doc: str
    """What it is, in one line that begins with a small letter."""
    example: object
    """Another value that makes sense, as it would stand in the file."""
    flag: str | None
    """The argument of the command line, such as ``--by``; None if there is none."""
    of_view: bool
    """Whether the key that saves the view saves it."""

    @property
    def explained(self) -> str:
        """What it is, and its limits."""
        return f"{self.doc}, {self.kind.limits}" if self.kind.limits else self.doc

    @property
    def remark(self) -> str:
        """What a file says above it."""
        return f"{self.explained[0].upper()}{self.explained[1:]}."

    @property
    def shown_default(self) -> str:
        """The default, for people."""
        return shown(self.default)


def shown(value: object) -> str:
    """Write a value of the file for people."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ",".join(value)
    return str(value) or "all"


def option(
    name: str,
    kind: Kind[Any],
    default: object,
    doc: str,
    *,
    example: object,
    flag: str | None = "",
    of_view: bool = True,
) -> Any:
    """Declare a member of a dataclass as an option; its default is read as if it stood in the file.

    ``flag`` is ``--name`` unless it is given. What is not ``of_view`` is not saved with the view.
    """
    declared = Option(name, kind, default, doc, example, f"--{name}" if flag == "" else flag, of_view)
    return field(default_factory=lambda: kind.of_value(default), metadata={_KEY: declared})


def declared_in(declaring: type) -> Mapping[str, Option]:
    """Return the options of a dataclass by the names of its members."""
    return {member.name: member.metadata[_KEY] for member in fields(declaring) if _KEY in member.metadata}
