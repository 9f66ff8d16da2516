"""The keys of the main screen; footer, help and command palette are made of them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Final

from textual.binding import Binding
from textual.keys import key_to_character

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from textual.binding import BindingType

_KEYS: Final = (
    Binding("slash", "filter", "filter", tooltip="Filter by state, port, address or owner, as you type"),
    Binding("escape,x", "clear_filter", "clear", tooltip="Clear the filter"),
    Binding("g", "group", "group", tooltip="Choose what to group by, and in which order"),
    Binding("u", "whose", "whose", tooltip="Group by owner: whose are these; again: as it was before"),
    Binding("s,greater_than_sign", "sort(1)", "sort", tooltip="Sort by the next column"),
    Binding("S,less_than_sign", "sort(-1)", "sort back", tooltip="Sort by the column before"),
    Binding("r", "reverse", "reverse", tooltip="Reverse the order"),
    Binding(
        "space",
        "freeze",
        "freeze",
        tooltip="Freeze what is shown; collecting goes on. In the past, or a replay: play, or pause",
    ),
    Binding("comma", "step(-1)", "earlier", tooltip="Go one look back; from live, into the last 10 minutes"),
    Binding("full_stop", "step(1)", "later", tooltip="Go one look on; after the last one, back to live"),
    Binding("left_curly_bracket", "seek_finding(-1)", "finding before", tooltip="Go back to what was found"),
    Binding("right_curly_bracket", "seek_finding(1)", "finding after", tooltip="Go on to what was found"),
    Binding(
        "t", "type_time", "time", tooltip="Type a time to go to: 14:05, 14:05:10, -10m, next, start, live"
    ),
    Binding("w", "save_incident", "save incident", tooltip="Save the last 10 minutes to a file"),
    Binding("plus", "speed(1)", "faster", tooltip="Play the past faster: 1 to 60 times as fast as it was"),
    Binding("minus", "speed(-1)", "slower", tooltip="Play the past slower"),
    Binding("f", "view('findings')", "findings", tooltip="Show what is wrong or about to be, and what to do"),
    Binding("b", "view('budgets')", "budgets", tooltip="Show each destination's port budget, and what if"),
    Binding("v", "view('diagram')", "diagram", tooltip="Show the state diagram with what moves in it"),
    Binding("m", "view('counters')", "counters", tooltip="Show the kernel's counters, what moved first"),
    Binding("A", "mark('A')", "mark A", tooltip="Mark the moment that is shown as A, to compare it"),
    Binding("B", "mark('B')", "mark B", tooltip="Mark the moment that is shown as B"),
    Binding("D", "compare", "compare", tooltip="Show what grew, appeared and vanished between the marks"),
    Binding("N", "namespaces", "namespaces", tooltip="List network namespaces; show another, or all"),
    Binding("p", "side('ports')", "ports", tooltip="Show or hide the plot of ephemeral ports"),
    Binding("d", "side('drain')", "drain", tooltip="Show or hide when the group under the cursor drains"),
    Binding("y", "side('why')", "why", tooltip="Show or hide the explanation of what is under the cursor"),
    Binding("e", "explain", "explain", tooltip="Read the explanation on the whole screen"),
    Binding("right_square_bracket", "page_why(1)", "why on", tooltip="Page the explanation on"),
    Binding("left_square_bracket", "page_why(-1)", "why back", tooltip="Page the explanation back"),
    Binding("tab", "app.focus_next", "next panel", tooltip="Go to the next panel"),
    Binding("n", "names", "names", tooltip="Ask the DNS for the names of the peers on the screen, or stop"),
    Binding("P", "privacy", "privacy", tooltip="Mask addresses for those who look on, or show them again"),
    Binding("o", "own_session", "session", tooltip="Hide or show the SSH connection twtop is used over"),
    Binding("K", "close_sockets", "close", tooltip="Close sockets, if started with --allow-close"),
    Binding("c", "copy_line", "copy", tooltip="Copy the line under the cursor (OSC 52)"),
    Binding("C", "copy_ss", "copy ss", tooltip="Copy the ss command that lists the same sockets"),
    Binding("question_mark,f1", "help", "help", tooltip="List every key"),
    Binding(
        "ctrl+s", "save_view", "save", tooltip="Save this view to the file of options for the next start"
    ),
    Binding("ctrl+p", "command_palette", "palette", tooltip="Search all actions"),
    Binding("q", "quit", "quit", tooltip="Quit"),
)


def action_name(binding: Binding) -> str:
    """Return what a file of options calls the action of a key: its word in the footer, with dashes."""
    return binding.description.replace(" ", "-")


KEYS: Final[list[BindingType]] = [replace(binding, id=action_name(binding)) for binding in _KEYS]
"""With the names by which the user's own keys take the place of these."""

TERMINAL_KEYS: Final = (
    ("ctrl+l", "Draw the whole screen again"),
    ("ctrl+z", "Suspend; fg comes back"),
    ("ctrl+c", "Quit, with status 130"),
)
"""Keys that the terminal driver takes."""

_IN_FOOTER: Final = (
    "filter",
    "close_sockets",
    "view('findings')",
    "side('ports')",
    "side('why')",
    "whose",
    "group",
    "sort(1)",
    "side('drain')",
    "view('diagram')",
    "view('budgets')",
    "view('counters')",
    "namespaces",
    "freeze",
    "step(-1)",
    "save_incident",
    "explain",
    "help",
    "quit",
)
"""In the order in which they are given room; the last two always have it."""

PRINTED: Final = {
    "slash": "/",
    "question_mark": "?",
    "escape": "esc",
    "pageup": "pgup",
    "pagedown": "pgdn",
    "left_square_bracket": "[",
    "right_square_bracket": "]",
    "plus": "+",
    "minus": "-",
    "less_than_sign": "<",
    "greater_than_sign": ">",
}


def key_names(binding: Binding) -> list[str]:
    """Return a binding's keys as they are printed on the keyboard."""
    return [PRINTED.get(key) or _character(key) or key for key in binding.key.split(",")]


def _character(key: str) -> str | None:
    character = key_to_character(key)
    return character if character and character.isprintable() and not character.isspace() else None


def described(bindings: Iterable[BindingType]) -> list[tuple[str, str]]:
    """Return (keys, what they do) for bindings."""
    return [
        (" ".join(key_names(binding)), binding.tooltip or binding.description)
        for binding in bindings
        if isinstance(binding, Binding)
    ]


_IN_THE_PAST: Final = (
    (("step(-1)", "step(1)"), "step"),
    (("freeze",), "play"),
    (("seek_finding(-1)", "seek_finding(1)"), "finding"),
    (("speed(1)", "speed(-1)"), "speed"),
    (("type_time",), "time"),
    (("mark('A')", "mark('B')"), "mark"),
    (("compare",), "compare"),
)
"""Actions, and what both are called in the footer."""


def past_keys(keys: Sequence[BindingType], *, replays: bool, filtered: bool = False) -> list[tuple[str, str]]:
    """Return (key, name) of what the footer shows in the past: the way back first, then those of time.

    ``filtered``: a filter is in force, and to be cleared before one comes back.
    """
    by_action = {binding.action: binding for binding in keys if isinstance(binding, Binding)}

    def first(action: str) -> str:
        return key_names(by_action[action])[0]

    back = [] if replays else [(first("clear_filter"), "clear" if filtered else "live")]
    of_time = [(" ".join(first(action) for action in actions), name) for actions, name in _IN_THE_PAST]
    named = {first(action) for actions, _ in _IN_THE_PAST for action in actions}
    if replays:
        named.add(first("save_incident"))
    return [*back, *of_time, *(pair for pair in footer_keys(keys) if pair[0] not in named)]


IDLE: Final = frozenset({"close_sockets"})
"""Actions that do nothing until it turns out that they can."""


def footer_keys(keys: Sequence[BindingType] = KEYS, idle: Collection[str] = IDLE) -> list[tuple[str, str]]:
    """Return (key, name) of what the footer shows; without the actions that do nothing now."""
    by_action = {binding.action: binding for binding in keys if isinstance(binding, Binding)}
    shown = (by_action[action] for action in _IN_FOOTER if action not in idle)
    return [(key_names(binding)[0], binding.description) for binding in shown]


def typing_keys(keys: Sequence[BindingType]) -> list[tuple[str, str]]:
    """Return (key, name) of what the footer shows while a filter is typed: all other keys are text."""
    (help_,) = (binding for binding in keys if isinstance(binding, Binding) and binding.action == "help")
    helping = [(name, "help") for name in key_names(help_) if len(name) > 1][:1]
    return [("up/down", "earlier filters"), *helping, ("enter", "keep"), ("esc", "as it was")]
