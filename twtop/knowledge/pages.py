"""The explanations of states, sysctls and columns, from TOML files; read when needed."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from twtop.knowledge.conditions import ALWAYS, Condition, parse_condition

if TYPE_CHECKING:
    from collections.abc import Mapping

    from twtop.core.states import State


@dataclass(frozen=True, slots=True)
class Paragraph:
    """A sentence or two that are true while `when` holds, and about a row only if `row` holds for it.

    With a `myth` the text is what people advise, and the truth about that myth is to follow.
    """

    text: str
    when: Condition = ALWAYS
    row: Condition = ALWAYS
    myth: str = ""


@dataclass(frozen=True, slots=True)
class StatePage:
    """All that is said about a state; texts may contain placeholders."""

    summary: str
    otherwise: str
    """What a row means whose signature matches none of `signatures`."""
    next_move: str
    signatures: tuple[Paragraph, ...]
    why: tuple[Paragraph, ...]
    enters: tuple[Paragraph, ...]
    ends: tuple[Paragraph, ...]
    many: tuple[Paragraph, ...]
    do: tuple[Paragraph, ...]
    dont: tuple[Paragraph, ...]
    sysctls: tuple[str, ...]
    sources: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SysctlPage:
    """All that is said about a sysctl.

    Either `default` is the kernel's constant, or `formula` says how it computes one. Kernels older than
    `before` had `default_before`. `absent` is the reason where it is neither the kernel's age nor the
    namespace.
    """

    scope: Literal["namespace", "host"]
    unit: str
    meaning: str
    states: tuple[str, ...]
    default: str | None = None
    formula: str = ""
    before: str = ""
    default_before: str = ""
    since: str = ""
    gone: str = ""
    absent: str = ""
    details: tuple[Paragraph, ...] = ()
    danger: tuple[Paragraph, ...] = ()


@dataclass(frozen=True, slots=True)
class ColumnPage:
    """All that is said about a column of the screen or a grouping key."""

    summary: str
    text: tuple[Paragraph, ...]
    aliases: tuple[str, ...] = ()


@cache
def state_page(state: State) -> StatePage:
    """Return the page of a state."""
    data = read_toml(f"states/{state.label.lower()}.toml")
    lists: dict[str, Any] = {
        key: paragraphs(data.pop(key)) for key in ("why", "enters", "ends", "many", "do")
    }
    return StatePage(
        signatures=tuple(
            Paragraph(item["means"], parse_condition(item["when"])) for item in data.pop("signatures", ())
        ),
        dont=paragraphs(data.pop("dont")),
        sysctls=tuple(data.pop("sysctls")),
        sources=tuple(data.pop("sources")),
        **lists,
        **data,
    )


@cache
def sysctl_pages() -> Mapping[str, SysctlPage]:
    """Return the page of every sysctl by its dotted name."""
    return {name: _sysctl_page(data) for name, data in read_toml("sysctls.toml").items()}


@cache
def column_pages() -> Mapping[str, ColumnPage]:
    """Return the page of every column and grouping key by its name."""
    return {
        name: ColumnPage(data["summary"], paragraphs(data["text"]), tuple(data.get("aliases", ())))
        for name, data in read_toml("columns.toml").items()
    }


def read_toml(path: str) -> dict[str, Any]:
    """Return the tables of a file of this room."""
    return tomllib.loads(files(__package__).joinpath(path).read_text(encoding="utf-8"))


def paragraphs(items: list[Any] | tuple[()]) -> tuple[Paragraph, ...]:
    """Return what a list of a file says: texts, or tables of a text and its conditions.

    A table has a ``text``, or an ``advice`` and ``because`` or the ``myth`` that tells why not.
    """
    return tuple(Paragraph(item) if isinstance(item, str) else _paragraph(item) for item in items)


def _paragraph(item: Mapping[str, str]) -> Paragraph:
    text = item.get("text") or item["advice"]
    if "because" in item:
        text = f"{text}: {item['because']}"
    return Paragraph(text, _condition(item, "when"), _condition(item, "row"), item.get("myth", ""))


def _sysctl_page(data: dict[str, Any]) -> SysctlPage:
    lists: dict[str, Any] = {key: paragraphs(data.pop(key, ())) for key in ("details", "danger")}
    return SysctlPage(states=tuple(data.pop("states")), **lists, **data)


def _condition(item: Mapping[str, str], key: str) -> Condition:
    return parse_condition(item[key]) if key in item else ALWAYS
