"""The lines around the diagram: what it shows, what has no arrow, and what is under the cursor."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.flow import NOWHERE
from twtop.core.states import state_label
from twtop.knowledge.explain import explain_state
from twtop.knowledge.pages import state_page
from twtop.ui import styles
from twtop.ui.diagram.drawing import per_s
from twtop.ui.diagram.shape import DRAWN
from twtop.ui.explanation.layout import lay_out
from twtop.ui.explanation.wrapping import wrap

if TYPE_CHECKING:
    from collections.abc import Sequence

    from twtop.core.flow_history import Flow
    from twtop.core.signs import Signs
    from twtop.core.states import State
    from twtop.ui.diagram.drawing import Current
    from twtop.ui.line_view import Part

_FEW: Final = 12
"""With so many lines an explanation is laid out as a page, in fewer lines it is short."""


def title(current: Current, width: int, signs: Signs) -> list[Part]:
    """Say what this is, of when, and over how long rates and changes are taken."""
    flow = current.flow
    at = time.strftime("%H:%M:%S", time.localtime(current.wall_s))
    over = (
        f"rates and changes over {flow.seconds:.0f} s" if flow.seconds else "rates from the next snapshot on"
    )
    return _phrases(
        [("State diagram", styles.TITLE), (f"at {at}", styles.PLAIN), (over, styles.DIM)], width, signs
    )


def unseen(flow: Flow, width: int, signs: Signs) -> list[Part]:
    """Say how many connections lived and died between two snapshots."""
    between = flow.between
    parts = {"TIME-WAIT": between.time_wait, "no trace": between.untraced or 0.0}
    known = [f"{name} {per_s(rate)}" for name, rate in parts.items() if rate]
    if between.untraced is None:
        known.append("no counters")
    said = f"Lived and died between two snapshots: {per_s(between.lived_and_died) or 'none'}"
    if known:
        said += f" ({', '.join(known)})"
    return [(signs.clipped(said, width), styles.NOTE if between.lived_and_died else styles.DIM)]


def others(flow: Flow, width: int, signs: Signs) -> list[Part]:
    """Say how many connections were reset or never came about, and which transitions have no arrow."""
    failures = {"reset while established": flow.resets, "connect() failed": flow.between.failed}
    phrases = [(f"{name} {per_s(rate)}", styles.WARNING) for name, rate in failures.items() if rate]
    for rate, old, new in _undrawn(flow):
        phrases.append((f"{_name(old)} {signs.arrow} {_name(new)} {per_s(rate)}", styles.PLAIN))
    if not phrases:
        return [(signs.clipped("No other transitions", width), styles.DIM)]
    return _phrases([(f"Also: {phrases[0][0]}", phrases[0][1]), *phrases[1:]], width, signs)


def explained(current: Current, state: State, width: int, height: int, signs: Signs) -> list[list[Part]]:
    """Explain a state: in a few lines why it exists and who moves next, in more lines all of it."""
    if height < _FEW:
        return _short(current, state, width, height, signs)
    page = explain_state(state, current.facts)
    laid_out = lay_out(page, width, signs)
    heading = [(signs.clipped(page.title, width), styles.TITLE)]
    rest = [[(piece.text, piece.style) for piece in line] for line in laid_out.lines]
    return [heading, *rest[: height - 1]]


def _short(current: Current, state: State, width: int, height: int, signs: Signs) -> list[list[Part]]:
    """Leave out reasons, the last ones first, until the rest fits."""
    page = state_page(state)
    whole = explain_state(state, current.facts)
    why = next((section.lines for section in whole.sections if section.heading == "Why"), ())
    begin, end = f"{state.label}: {page.summary}.", f"Next move: {page.next_move}."
    text = f"{begin} {end}"
    for kept in range(len(why), 0, -1):
        longer = " ".join([begin, *why[:kept], end])
        if len(list(wrap(longer, width))) <= height:
            text = longer
            break
    lines = [text[piece] for piece in wrap(text, width)]
    if len(lines) > height > 0:
        lines[height - 1] = signs.clipped(" ".join(lines[height - 1 :]), width)
    return [
        [(line[: len(state.label)], styles.TITLE), (line[len(state.label) :], styles.PLAIN)]
        if number == 0
        else [(line, styles.PLAIN)]
        for number, line in enumerate(lines[:height])
    ]


def _undrawn(flow: Flow) -> list[tuple[float, int, int]]:
    """Return (per second, old, new) of transitions without an arrow, the most frequent first."""
    found = [
        (float(flow.rates[old, new]), old, new)
        for old, new in np.argwhere(flow.rates).tolist()
        if (old, new) not in DRAWN and new != NOWHERE
    ]
    return sorted(found, reverse=True)


def _name(state: int) -> str:
    return "nothing" if state == NOWHERE else state_label(state)


def _phrases(phrases: Sequence[Part], width: int, signs: Signs) -> list[Part]:
    """Put as many phrases into a line as fit, the first one in any case."""
    text, look = phrases[0]
    parts = [(signs.clipped(text, width), look)]
    used = len(parts[0][0])
    for text, look in phrases[1:]:
        if used + len(text) + 3 > width:
            break
        parts.append((f"   {text}", look))
        used += len(text) + 3
    return parts
