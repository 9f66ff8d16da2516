"""What is said of a network namespace: one line in the list, and in full below it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.core.format import count_text, percent_text
from twtop.core.states import State
from twtop.diagnosis.finding import Severity
from twtop.sources.namespaces.reader import REST_S
from twtop.ui import styles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.style import Style

    from twtop.core.signs import Signs
    from twtop.diagnosis.finding import Finding
    from twtop.sources.observer import Frame
    from twtop.sources.panorama import Place
    from twtop.ui.line_view import Part

_STATES: Final = (State.ESTAB, State.TIME_WAIT, State.CLOSE_WAIT, State.LISTEN)
_WIDTHS: Final = (9, 9, 10, 6)
_WORST: Final[dict[Severity, tuple[str, Style]]] = {
    Severity.CRITICAL: ("CRIT", styles.ALARM),
    Severity.WARNING: ("WARN", styles.WARNING),
    Severity.NOTE: ("note", styles.NOTE),
}
_MOST_PIDS: Final = 8
_IDLE: Final = (
    f"The kernel counts no sockets there: none are looked for, and the rest is read every {REST_S:.0f} s."
)


def titles() -> str:
    """Return the titles of the columns."""
    states = " ".join(state.label.rjust(width) for state, width in zip(_STATES, _WIDTHS, strict=True))
    return f" SOCKETS {states} PORTS WORST NAMESPACE"


def place_line(place: Place, *, shown: bool, width: int, signs: Signs) -> list[Part]:
    """Write its totals, its name, and why there are none; with a star it is shown alone."""
    frame = place.frame
    name = f"{'* ' if shown else ''}{place.namespace.name}"
    if frame is None:
        blank = " " * (len(titles()) - len("NAMESPACE"))
        room = max(0, width - len(blank) - len(name) - 2)
        return [
            (blank, styles.PLAIN),
            (name, styles.DIM),
            (f"  {signs.clipped(str(place.problem), room)}", styles.WARNING),
        ]
    counts = frame.moment.snapshot.state_counts()
    states = " ".join(
        count_text(int(counts[state])).rjust(size) for state, size in zip(_STATES, _WIDTHS, strict=True)
    )
    word, look = ("", styles.PLAIN) if (worst := worst_of(frame)) is None else _WORST[worst.severity]
    return [
        (f"{count_text(place.sockets):>8} {states} {_fullest(frame):>5} ", styles.PLAIN),
        (f"{word:<5} ", look),
        (name, styles.BOLD if shown else styles.PLAIN),
        ("  from outside" if place.lacks else "", styles.WARNING),
    ]


def worst_of(frame: Frame) -> Finding | None:
    """Return the worst finding that is not over."""
    return next((finding for finding in frame.findings if finding.over_s is None), None)


def _fullest(frame: Frame) -> str:
    """Write how full the fullest port budget is."""
    ports = frame.ports
    return percent_text(int(ports.used[0]), ports.capacity_of(0)) if len(ports) else ""


def about(place: Place) -> Iterator[Part]:
    """Yield all there is to say, sentence by sentence."""
    namespace, frame = place.namespace, place.frame
    pids = " ".join(map(str, namespace.pids[:_MOST_PIDS])) or "none known"
    others = [name for name in namespace.names if name != namespace.name]
    known = f", also {', '.join(others)}" if others else ""
    yield f"{namespace.name}{known}; processes: {pids}", styles.BOLD
    if frame is None:
        yield f"It cannot be read: {place.problem}", styles.WARNING
        return
    for lack in place.lacks:
        yield lack, styles.WARNING
    if place.idle:
        yield _IDLE, styles.PLAIN
    if (worst := worst_of(frame)) is not None:
        word, look = _WORST[worst.severity]
        yield f"{word}  {worst.headline}", look
    if len(frame.ports):
        ports = frame.ports
        fullest = ports.destination(frame.moment.snapshot.sockets, 0)
        used = f"{int(ports.used[0]):,} of {ports.capacity_of(0):,}"
        yield f"Fullest budget: {used} ports, {fullest.text}", styles.PLAIN
