"""All that is known of a socket as lines with titles, group by group, each with its explanation."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final, NamedTuple

from twtop.core.details.units import duration_words
from twtop.core.state_log import Seen, merged
from twtop.core.states import state_label
from twtop.core.table.keys import has_remote, local_text, remote_text
from twtop.knowledge.socket_fields import absences, lines

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.core.signs import Signs
    from twtop.ui.details.watch import Look

_DAY_S: Final = 86_400
_HISTORY: Final = "history"
_HISTORY_MEANS: Final = (
    "When twtop found the socket in this state for the first time, by its cookie. A state that came and went"
    " between two looks was never seen."
)
_ABSENT: Final = "not shown"
_PROCESS_MEANS: Final = "What the system knows of the process that holds or held the socket, read by psutil."


class Entry(NamedTuple):
    """One line."""

    group: str
    key: str
    """Tells it from the others of its group while its text changes."""
    title: str
    text: str
    means: str
    bad: str = ""


def entries(look: Look) -> list[Entry]:
    """Return all lines; those of a group stand together."""
    return [*_history(look), *_fields(look), *_process(look), *_absent(look)]


def _fields(look: Look) -> Iterator[Entry]:
    for line in lines(look.told, look.sysctls):
        page = line.page
        yield Entry(page.group, line.name, line.title, line.text, page.means, page.bad)


def _history(look: Look) -> Iterator[Entry]:
    def entry(wall_s: float, text: str) -> Entry:
        return Entry(_HISTORY, f"{wall_s} {text}", clock_text(wall_s, look.now_s), text, _HISTORY_MEANS)

    logged = [Seen(birth.state, birth.wall_s) for birth in look.births]
    if logged and not look.births[0].before:
        first, *logged = logged
        yield entry(first.wall_s, f"{state_label(first.state)}, new")
    else:
        since = f"since before twtop {'started' if look.reaches_s <= look.start_s else 'remembers'}"
        if look.past:
            since = "already, where playing began"
        state = look.births[0].before if logged else look.opened
        yield entry(look.reaches_s, f"{state_label(state)} {since}")
    for seen in merged(logged, look.changes):
        yield entry(seen.wall_s, state_label(seen.state))
    if look.gone_s is not None:
        yield entry(look.gone_s, "gone")


def _process(look: Look) -> Iterator[Entry]:
    group = "process" if look.process.rows else ""
    for title, text in look.process.rows:
        yield Entry(group, title, title, text, _PROCESS_MEANS)


def _absent(look: Look) -> Iterator[Entry]:
    sentences = list(absences(look.told))
    if look.process.lack is not None:
        sentences.append(f"Of the owner: {look.process.lack}.")
    for sentence in sentences:
        text = sentence[0].upper() + sentence[1:]
        yield Entry(_ABSENT, text, "", text, text)


def heading(look: Look, signs: Signs) -> tuple[str, str, str]:
    """Return both ends, the state (or that it is gone), and whose it is and for how long it was seen."""
    one = look.one
    ends = local_text(one, 0)
    if has_remote(int(one.state[0])):
        ends = f"{ends} {signs.arrow} {remote_text(one, 0)}"
    state = state_label(look.told.number("state"))
    if look.gone_s is not None:
        state = f"GONE since {clock_text(look.gone_s, look.now_s)}, was {state}"
    owner = "owner unknown" if look.owner_text == "?" else look.owner_text
    # Where no process is known, unit or user stand for the owner.
    more = (look.owner.unit, f"user {look.owner.user}" if look.owner.user else "")
    whose = [owner, *(text for text in more if not owner.endswith(text))]
    if look.namespace:
        whose.append(f"namespace {look.namespace}")
    return ends, state, ", ".join(filter(None, (*whose, _seen(look))))


def _seen(look: Look) -> str:
    new = bool(look.births) and not look.births[0].before
    since_s = look.births[0].wall_s if new else look.reaches_s
    until_s = look.now_s if look.gone_s is None else look.gone_s
    return f"seen for {duration_words(round(max(0.0, until_s - since_s)) * 1_000_000)}"


def clock_text(wall_s: float, now_s: float) -> str:
    """Write a time of the day, with the date where that is another day."""
    form = "%H:%M:%S" if abs(now_s - wall_s) < _DAY_S else "%b %d %H:%M"
    return time.strftime(form, time.localtime(wall_s))


def whole_text(look: Look, signs: Signs) -> str:
    """Write everything as plain text, for the clipboard."""
    ends, state, whose = heading(look, signs)
    written = [f"{ends} {state}", whose]
    group = ""
    for entry in entries(look):
        if entry.group != group:
            group = entry.group
            written += ["", group]
        written.append(f"  {entry.title:<24} {entry.text}" if entry.title else f"  {entry.text}")
    return "\n".join(written) + "\n"
