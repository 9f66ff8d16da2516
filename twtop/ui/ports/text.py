"""The words about port usage: how much, how far, rising or falling, and when it runs out."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.core.format import percent_text
from twtop.core.ports.plot_data import SOON_S
from twtop.ui import styles

if TYPE_CHECKING:
    from rich.style import Style

    from twtop.core.ports.plot_data import DestinationPlot, PlotData
    from twtop.core.ports.trend import Trend
    from twtop.core.ports.usage import Ports
    from twtop.core.signs import Signs
    from twtop.ui.line_view import Part

_GAP: Final = "  "


def title(plot: DestinationPlot, signs: Signs, width: int) -> list[Part]:
    """Say in one line which destination, how much is used and, where there is room, what that means."""
    usage = _usage(plot)
    if verdict := _verdict(plot) * _verdict_fits(plot, signs, width):
        usage += _GAP + verdict
    room = width - len(_GAP) - len(usage)
    destination = plot.destination
    name = f"{destination.source_text} {signs.arrow} {destination.remote_text}"
    if len(name) > room:
        name = _short_name(plot, signs)
    parts = [(signs.clipped(name, max(12, room)), styles.TITLE), (_GAP, styles.PLAIN)]
    return clipped([*parts, (usage, look(plot))], signs, width)


def course(plot: DestinationPlot, signs: Signs, width: int) -> list[Part]:
    """Say in one line where usage is going and what holds the ports, after what did not fit the title."""
    phrases: list[Part] = []
    if (verdict := _verdict(plot)) and not _verdict_fits(plot, signs, width):
        phrases.append((verdict, look(plot)))
    phrases += _direction(plot)
    phrases.append((f"TIME-WAIT {plot.waiting:,}", styles.PLAIN))
    phrases.append((f"{plot.back_soon:,} back within {SOON_S} s", styles.PLAIN))
    if plot.held < plot.half:
        phrases.append((f"connect() slow from {plot.half:,}", styles.PLAIN))
    parts = phrases[:1]
    for phrase in phrases[1:]:
        if _length(parts) + len(_GAP) + len(phrase[0]) <= width:
            parts += [(_GAP, styles.PLAIN), phrase]
    return clipped(parts, signs, width)


def common(data: PlotData, signs: Signs, width: int) -> list[Part]:
    """Say in one line what all destinations share, and how full the pools for bind() are."""
    ports, span = data.ports, data.ports.range
    place: list[Part] = [(f"ns {data.namespace}{_GAP}", styles.TITLE)] if data.namespace else []
    parts: list[Part] = [*place, (f"range {span.low}-{span.high}", styles.PLAIN)]
    if ports.reserved:
        parts.append((f", {ports.reserved:,} reserved", styles.PLAIN))
    if ports.bound:
        parts.append((f", {ports.bound:,} bound", styles.PLAIN))
    if ports.bound_first:
        parts.append((f", {ports.bound_first:,} bound first", styles.PLAIN))
    for pool in ports.pools:
        full = ", full: bind() fails" if pool.used >= pool.capacity else ""
        text = f"bind pool {pool.source}: {pool.used:,} of {pool.capacity:,}{full}"
        parts += [(_GAP, styles.PLAIN), (text, _look(pool.used, pool.capacity // 2, pool.capacity))]
    if ports.udp_used is not None:
        parts.append((f"{_GAP}UDP pool {ports.udp_used:,}", styles.PLAIN))
    return clipped(parts, signs, width)


def nothing_used(ports: Ports, signs: Signs, width: int) -> list[list[Part]]:
    """Say that no client socket holds an ephemeral port, and what would be here."""
    span = ports.range
    lines = (
        f"No client socket uses a port of the range {span.low}-{span.high} now.",
        "With some, the ports in use towards the busiest destination are drawn here:",
        f"{ports.half:,} make connect() slow, {ports.capacity:,} make it fail.",
    )
    return [clipped([(text, styles.PLAIN)], signs, width) for text in lines]


def look(plot: DestinationPlot) -> Style:
    """Return the look of what tells or draws the usage of a destination."""
    return _look(plot.held, plot.half, plot.capacity)


def clipped(parts: list[Part], signs: Signs, width: int) -> list[Part]:
    """Cut parts to a width, and show that they were cut."""
    kept: list[Part] = []
    for text, style in parts:
        fitting = signs.clipped(text, width - _length(kept))
        kept.append((fitting, style))
        if fitting != text:
            break
    return kept


def _length(parts: list[Part]) -> int:
    return sum(len(text) for text, _ in parts)


def _look(used: int, half: int, capacity: int) -> Style:
    if used >= capacity:
        return styles.ALARM
    return styles.WARNING if used >= half else styles.GOOD


def _verdict(plot: DestinationPlot) -> str:
    if plot.held >= plot.capacity:
        return "full: connect() fails"
    if plot.held >= plot.half:
        return "past half: connect() slow"
    return "past half, but TIME-WAITs are taken over" if plot.used >= plot.half else ""


def _verdict_fits(plot: DestinationPlot, signs: Signs, width: int) -> bool:
    texts = (_short_name(plot, signs), _usage(plot), _verdict(plot))
    return len(_GAP.join(texts)) <= width


def _short_name(plot: DestinationPlot, signs: Signs) -> str:
    return f"{signs.arrow} {plot.destination.remote_text}"


def _usage(plot: DestinationPlot) -> str:
    return f"{plot.used:,} of {plot.capacity:,} ports ({percent_text(plot.used, plot.capacity)})"


def _direction(plot: DestinationPlot) -> list[Part]:
    trend = plot.trend
    if not trend.per_s:
        return [("steady", styles.PLAIN)]
    word = "rising" if trend.per_s > 0 else "falling"
    parts: list[Part] = [(f"{word} {per_s_text(abs(trend.per_s))}/s", styles.BOLD)]
    if ends := _ends(plot, trend):
        parts.append((ends, styles.ALARM if trend.full_in_s is not None else styles.WARNING))
    elif trend.per_s > 0:
        parts.append((f"{trend.expected[-1]:,.0f} in 60 s", styles.PLAIN))
    return parts


def _ends(plot: DestinationPlot, trend: Trend) -> str:
    times = []
    if plot.held < plot.half and trend.half_in_s is not None:
        times.append(f"half in {seconds_text(trend.half_in_s)}")
    if plot.held < plot.capacity and trend.full_in_s is not None:
        times.append(f"full in {seconds_text(trend.full_in_s)}")
    return ", ".join(times)


def per_s_text(per_s: float) -> str:
    """Write a rate per second: tenths below ten."""
    return f"{per_s:.1f}" if per_s < 10 else f"{per_s:,.0f}"


def seconds_text(seconds: int) -> str:
    """Write a time ahead: minutes from two minutes on."""
    return f"{seconds} s" if seconds < 120 else f"{seconds // 60} min"
