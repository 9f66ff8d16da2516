"""The words about a drain: how much comes back when, and what became of an earlier forecast."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.core.format import percent_text
from twtop.ui import styles

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from twtop.core.drain import Drain, Outcome
    from twtop.core.signs import Signs
    from twtop.ui.line_view import Part

_GAP: Final = "  "
_SOON_S: Final = (10, 30, 60)
_LEAST_NAME: Final = 12
_BEGUN_S: Final = 0.5

NO_CLOCK: Final = "They go when a program or the peer ends them, or when retries give up."
LATE: Final = "Clocks ring late and in batches: steps are normal. A restarted TIME-WAIT lives once more."


def title(names: Sequence[str], drain: Drain, signs: Signs, width: int) -> list[Part]:
    """Name the group, and say how much of it comes back within 10, 30 and 60 s."""
    first, *others = _phrases(drain)
    name = " ".join(names)
    if len(name) + len(_GAP) + len(first) > width:
        name = names[-1]
    name = signs.clipped(name, max(_LEAST_NAME, width - len(_GAP) - len(first)))
    words = fitting(first, others, width - len(name) - len(_GAP))
    return [(name, styles.TITLE), (_GAP + words, styles.PLAIN)]


def _phrases(drain: Drain) -> Iterable[str]:
    """Yield what the title says, the most important first."""
    if not drain.sockets:
        yield "no sockets now"
        return
    if drain.sockets == drain.endless:
        yield f"no clock ends these {drain.sockets:,}"
        return
    ends = [*_SOON_S, drain.span_s] if drain.span_s > _SOON_S[-1] else _SOON_S
    back = [f"{seconds} s {drain.back_within(seconds):,}" for seconds in ends]
    yield f"back within {_GAP.join(back)}"
    yield f"of {drain.sockets:,}"
    if drain.endless:
        yield f"{drain.endless:,} without a clock"
    share = percent_text(drain.back_within(_SOON_S[0]), drain.sockets)
    yield f"{share} within {_SOON_S[0]} s"


def verdict(outcome: Outcome, width: int) -> list[Part]:
    """Say how many were forecast to be left by now, how many are, and how many came since."""
    age_s = outcome.age_s
    if age_s < _BEGUN_S:
        text = f"Forecast of these {outcome.sockets:,} just made: what becomes of them will show here."
        return [(text, styles.DIM)]
    then = f"Of {outcome.sockets:,} seen {age_s:.0f} s ago {outcome.expected:,} should be left:"
    shares = [(f"{then} ", styles.PLAIN), (f"{outcome.left:,} are", styles.BOLD)]
    room = width - sum(len(text) for text, _ in shares)
    new = f"; {outcome.new:,} are new"
    rate = f" ({outcome.new / age_s:,.0f}/s)" if outcome.new >= age_s else ""
    return [*shares, (fitting(new, [rate], room, ""), styles.PLAIN)]


def deviation(outcome: Outcome, width: int) -> list[Part]:
    """Say why more or fewer are left than were forecast."""
    reasons = [
        (f"+{outcome.due:,} due", ": the kernel's timers ring late", outcome.due),
        (f"+{outcome.restarted:,} restarted", " by a FIN or an old segment", outcome.restarted),
        (f"-{outcome.early:,} gone early", ": reused, reset or in another state", outcome.early),
        (f"-{outcome.closed:,} gone", " that no clock ends", outcome.closed),
    ]
    present = [(short, why) for short, why, count in reasons if count]
    if not present:
        return [("as forecast", styles.DIM)] if outcome.age_s >= _BEGUN_S else []
    in_full = _GAP.join(short + why for short, why in present)
    text = in_full if len(in_full) <= width else _GAP.join(short for short, _ in present)
    return [(text, styles.WARNING if outcome.restarted else styles.PLAIN)]


def fitting(first: str, others: Iterable[str], width: int, gap: str = _GAP) -> str:
    """Return the first phrase and as many of the others as there is room for."""
    text = first
    for phrase in others:
        if len(text) + len(gap) + len(phrase) > width:
            break
        text += gap + phrase
    return text
