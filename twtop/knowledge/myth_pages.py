"""What is often said about TCP states and is wrong, from ``myths/``; read when needed."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from twtop.knowledge.conditions import ALWAYS, Condition, parse_condition
from twtop.knowledge.pages import Paragraph, paragraphs, read_toml

if TYPE_CHECKING:
    from collections.abc import Mapping

THEMES: Final[Mapping[str, str]] = {
    "TIME-WAIT": "time-wait",
    "Reuse": "reuse",
    "Limits": "limits",
    "Ports": "ports",
    "Closing": "closing",
    "Opening": "opening",
}
"""The headings of the list of all myths, each with the name of its file."""

ALL_MYTHS: Final = "myths"
"""The name of that list as a topic."""

ALL_MYTHS_SUMMARY: Final = "what is often said about TCP states, and what is true"


@dataclass(frozen=True, slots=True)
class MythPage:
    """A claim, what is true instead, how that is known, and how to see it in ``twtop demo``.

    Of `truth` the first sentence that holds is told, the last always holds; as they go on where the claim
    ends, they begin small. `see` are steps for a reader in the demo's network, commands begin with ``$``;
    `script` is for the shell there, and `needs` what its kernel must have. `row` tells which rows of its
    states it is about.
    """

    theme: str
    claim: str
    truth: tuple[Paragraph, ...]
    details: tuple[Paragraph, ...]
    evidence: tuple[str, ...]
    see: tuple[Paragraph, ...]
    script: tuple[str, ...]
    needs: str
    states: tuple[str, ...]
    sysctls: tuple[str, ...]
    columns: tuple[str, ...]
    row: Condition


@cache
def myth_pages() -> Mapping[str, MythPage]:
    """Return the page of every myth by its name, grouped by theme."""
    return {
        name: _myth_page(theme, data)
        for theme, file in THEMES.items()
        for name, data in read_toml(f"myths/{file}.toml").items()
    }


def _myth_page(theme: str, data: dict[str, Any]) -> MythPage:
    return MythPage(
        theme=theme,
        claim=data["claim"],
        truth=paragraphs(data["truth"]),
        details=paragraphs(data.get("details", ())),
        evidence=tuple(data["evidence"]),
        see=paragraphs(data["see"]),
        script=tuple(data.get("script", "").splitlines()),
        needs=data.get("needs", ""),
        states=tuple(data.get("states", ())),
        sysctls=tuple(data.get("sysctls", ())),
        columns=tuple(data.get("columns", ())),
        row=parse_condition(data["row"]) if "row" in data else ALWAYS,
    )
