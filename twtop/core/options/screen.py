"""Every option of the screen. To add one, add a member to `ScreenOptions`; nothing else lists them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from twtop.core.options.kinds import FilterText, Flag, Name, Names, Number, Table
from twtop.core.options.option import declared_in, option

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from twtop.core.filter import Expr
    from twtop.core.names.labels import Labels

THEMES: Final = (
    "ansi-dark",
    "ansi-light",
    "atom-one-dark",
    "atom-one-light",
    "catppuccin-frappe",
    "catppuccin-latte",
    "catppuccin-macchiato",
    "catppuccin-mocha",
    "dracula",
    "flexoki",
    "gruvbox",
    "monokai",
    "nord",
    "rose-pine",
    "rose-pine-dawn",
    "rose-pine-moon",
    "solarized-dark",
    "solarized-light",
    "textual-dark",
    "textual-light",
    "tokyo-night",
)
"""The names of `twtop.ui.themes`, which is not imported to read an option."""


def _fields() -> Collection[str]:
    from twtop.core.table.fields import FIELDS

    return FIELDS


def _keys() -> Collection[str]:
    from twtop.core.table.keys import KEYS

    return KEYS


SORT: Final = Name("field", _fields, "FIELD")
GROUP_BY: Final = Names("key", _keys, "KEYS")


@dataclass(frozen=True, slots=True)
class ScreenOptions:
    """The options of ``twtop`` and ``twtop demo``, already checked."""

    interval_s: float = option(
        "interval", Number("seconds", 0.1, 3600, "S"), 1, "seconds between snapshots", example=2.5
    )
    """Seconds from one snapshot to the next."""
    filter: Expr = option(
        "filter", FilterText(), "", "only matching sockets", example="state time-wait and dport = :5432"
    )
    keys: tuple[str, ...] = option(
        "group-by", GROUP_BY, ["state", "peer"], "what to group by", example=["remote", "state"], flag="--by"
    )
    """Names of KEYS to group by, outermost first."""
    sort: str = option("sort", SORT, "sockets", "order of groups, most first", example="soon")
    """Name of one of FIELDS."""
    cpu_budget: float = option(
        "cpu-budget",
        Number("percent", 1, 100, "PERCENT"),
        25,
        "what twtop may cost before the interval stretches, in percent of one core",
        example=10,
        of_view=False,
    )
    """Percent of one core that twtop may use."""
    reverse: bool = option("reverse", Flag(), False, "order groups least first", example=True)
    columns: tuple[str, ...] = option(
        "columns",
        Names("field", _fields, "FIELDS"),
        ["sockets", "born", "gone", "soon", "left", "histogram", "queues"],
        "columns of the table, from the left",
        example=["sockets", "left", "queues"],
    )
    """Names of FIELDS; a narrow terminal shows the most important of them."""
    theme: str = option(
        "theme",
        Name("theme", lambda: THEMES, "THEME", is_light=True),
        "ansi-dark",
        "colours: ansi-dark and ansi-light are the terminal's own",
        example="ansi-light",
    )
    keymap: Mapping[str, str] = option(
        "keys",
        Table("keys"),
        {},
        "other keys for what keys do",
        example={"filter": "f2", "copy": ["Y", "ctrl+y"]},
        flag=None,
        of_view=False,
    )
    """By the names of actions, keys with commas between them, as they were written."""
    privacy: bool = option(
        "privacy",
        Flag(),
        False,
        "mask addresses on the screen, for those who look on",
        example=True,
        of_view=False,
    )
    owners: bool = option(
        "owners", Flag(), True, "find out which process holds each socket", example=False, of_view=False
    )
    owners_budget: float = option(
        "owners-budget",
        Number("percent", 0.1, 100, "PERCENT"),
        5,
        "percent of one core for finding owners, besides cpu-budget",
        example=1,
        of_view=False,
    )
    own_session: bool = option(
        "own-session", Flag(), True, "show the SSH connection twtop is used over", example=False
    )
    allow_close: bool = False
    """Whether sockets may be closed. No file can say so: who closes sockets says it each time."""
    labels: Labels | None = None
    """What the user calls addresses; None where there is no file of them."""
    services: Mapping[int, str] = field(default_factory=dict)
    """Names of ports."""
    config_file: str | None = None
    """Where to save the view; None if the user wants no file."""


OPTIONS: Final = declared_in(ScreenOptions)
"""All options by their members' names, in the order in which they are documented."""
