"""A comparison in sections of rows, what changed the most first: for the screen, and as a table."""

from __future__ import annotations

import time
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Final, TypeAlias

import numpy as np

from twtop.core.comparison.groups import GONE, word_of
from twtop.core.counters import is_gauge
from twtop.core.filter.nodes import all_of, named
from twtop.core.format import count_text, counted, percent_text, rate_text
from twtop.core.sockets import DTYPES, Sockets
from twtop.core.states import state_label
from twtop.core.table.keys import namespace_text
from twtop.core.table.terms import key_terms
from twtop.core.text import printable
from twtop.diagnosis.subjects import towards
from twtop.knowledge.counter_pages import counter_pages, short_name
from twtop.knowledge.pages import sysctl_pages
from twtop.knowledge.placeholders import duration
from twtop.knowledge.topics import find

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from twtop.core.comparison.groups import GroupChange, GroupChanges
    from twtop.core.comparison.ports import PortChange
    from twtop.core.comparison.values import CounterChange, SysctlChange
    from twtop.core.filter import Expr
    from twtop.knowledge.topics import Topic
    from twtop.sources.comparison.comparing import Comparison, FindingChange, OwnChanges

Names: TypeAlias = tuple[str, str]
"""What the earlier and the later moment are called."""

_NUMBER: Final = 7
"""Columns of a number."""
_NAME: Final = 21
"""Columns of the name of a counter."""
_LEAST_RATE: Final = 0.05


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One line."""

    identity: tuple[str, ...]
    """What stays the same while its numbers change."""
    numbers: tuple[str, ...]
    """A text for each column; none where the section has no numbers."""
    word: str
    """What happened to it; empty where the numbers say all."""
    text: str
    about: Callable[[], list[str]]
    """All there is to say, a sentence each."""
    leads_to: Callable[[], Expr | Topic | None]
    """A filter for the sockets it is about, or what explains it."""


@dataclass(frozen=True, slots=True, eq=False)
class Section:
    """Rows of one kind."""

    title: str
    """With what is not shown in it."""
    columns: tuple[str, ...]
    """What the numbers of its rows are; none where they have none."""
    rows: tuple[Row, ...]


def sections(comparison: Comparison, names: Names) -> Iterator[Section]:
    """Yield all sections."""
    keys = ", ".join(comparison.groups.keys)
    yield _groups(comparison, comparison.states, "states", names)
    yield _groups(comparison, comparison.groups, f"groups by {keys}", names)
    if comparison.owners is not None:
        yield _groups(comparison, comparison.owners, "owners by command", names)
    if (own := comparison.own) is not None:
        # Where the sockets are those of several namespaces, the rest is still of one.
        several = len(comparison.after.sockets.namespaces) > 1
        yield from _of_namespace(own, names, f" of namespace {own.label}" if several else "")
    same = f"{comparison.findings_same:,} as bad as before" if comparison.findings_same else ""
    yield _section("findings", (), (_finding(change, names) for change in comparison.findings), same)


def summary(comparison: Comparison) -> str:
    """Write the sums of all sockets: ``312 sockets, then 845 (+533): 600 new, 67 gone, 245 still there``."""
    total = comparison.groups.total
    sums = f"{counted(total.before, 'socket')}, then {total.after:,} ({total.change:+,})"
    if comparison.unpaired:
        return sums
    told = [f"{total.appeared:,} new", f"{total.vanished:,} gone", f"{total.stayed:,} still there"]
    if total.came or total.left:
        told.append(f"{total.came:,} into the filter, {total.left:,} out of it")
    return f"{sums}: {', '.join(told)}"


def moments_text(comparison: Comparison, names: Names) -> str:
    """Write which moments are compared: ``A 14:05:10 to B 14:06:40, 90 s``; with days where they differ."""
    times = [time.localtime(each.wall_s) for each in (comparison.before, comparison.after)]
    form = "%H:%M:%S" if times[0][:3] == times[1][:3] else "%b %d %H:%M:%S"
    told = (f"{name} {time.strftime(form, each)}" for name, each in zip(names, times, strict=True))
    return f"{' to '.join(told)}, {duration(comparison.seconds)}"


def _section(title: str, columns: tuple[str, ...], rows: Iterable[Row], *notes: str) -> Section:
    found = tuple(rows)
    told = [note for note in ("" if found else "nothing changed", *notes) if note]
    return Section(f"{title} ({', '.join(told)})" if told else title, columns, found)


def _others(shown: int, others: int, change: str = "") -> str:
    """Tell that not all are shown; nothing where all are."""
    return f"first {shown:,} of {shown + others:,}{change and f', the others {change}'}" if others else ""


# Groups


def _groups(comparison: Comparison, groups: GroupChanges, title: str, names: Names) -> Section:
    changed = [change for change in groups.shown if change.word]
    turnover = () if comparison.unpaired else ("NEW", "GONE", "IN", "OUT")
    others = _others(len(changed), groups.others_changed, f"{groups.others.change:+,}")
    same = groups.others_same + len(groups.shown) - len(changed)
    told = [_group(comparison, groups, change, names) for change in changed]
    # The order of equals must not depend on how they are stored.
    order = sorted(zip(changed, told, strict=True), key=lambda pair: (pair[0].counts.rank, pair[1].text))
    return _section(
        title,
        (*names, "CHANGE", *turnover),
        (row for _, row in order),
        others,
        f"{same:,} as before" if same and changed else "",
    )


def _group(comparison: Comparison, groups: GroupChanges, change: GroupChange, names: Names) -> Row:
    counts = change.counts
    turnover = () if comparison.unpaired else tuple(map(_count, counts[2:]))
    text = comparison.text(groups, change)
    return Row(
        (*groups.keys, text),
        (_number(counts.before), _number(counts.after), change_text(counts.change), *turnover),
        change.word,
        text,
        partial(_about_group, comparison, change, text, names),
        partial(_group_filter, comparison, groups, change),
    )


def _about_group(comparison: Comparison, change: GroupChange, text: str, names: Names) -> list[str]:
    counts = change.counts
    told = [f"{text}: {_before_and_after(counts.before, counts.after, names)}"]
    if not comparison.unpaired:
        told.append(_fates(f"The {counts.before:,} earlier ones became", change.became, "gone"))
        told.append(_fates(f"The {counts.after:,} later ones were", change.were, "not there"))
    return told


def _before_and_after(before: int, after: int, names: Names) -> str:
    """Write both numbers: ``3 (A), 5 (B), +2``."""
    return f"{before:,} ({names[0]}), {after:,} ({names[1]}), {after - before:+,}"


def _fates(subject: str, by_state: tuple[int, ...], none: str) -> str:
    """Tell what sockets are at the other moment; nothing of no sockets."""
    states = sorted(enumerate(by_state), key=lambda pair: -pair[1])
    told = [f"{none if state == GONE else state_label(state)} {count:,}" for state, count in states if count]
    return f"{subject}: {', '.join(told)}" if told else ""


def _group_filter(comparison: Comparison, groups: GroupChanges, change: GroupChange) -> Expr | None:
    """Return a filter for a group; None for one that no filter can tell from others, as by its role alone."""
    side = comparison.after if change.in_after else comparison.before
    sockets, row, server = side.sockets, change.row, bool(side.server[change.row])
    terms = [term for key in groups.keys for term in key_terms(sockets, row, server, key)]
    if "namespace" in groups.keys:
        terms.append(named("netns", namespace_text(sockets, row)))
    return all_of((comparison.spec.filter, *terms)) if terms else None


# What is a namespace's own


def _of_namespace(own: OwnChanges, names: Names, where: str) -> Iterator[Section]:
    changes, counters = own.ports, (*names, "CHANGE", "PER S")
    ports = (_port(change, names) for change in changes.shown)
    others = _others(len(changes.shown), changes.others)
    yield _section(f"ports in use{where}", (*names, "CHANGE", "LIMIT", "FULL"), ports, others)
    yield _section(f"counters{where}", counters, (_counter(change, names) for change in own.counters))
    yield _section(f"sysctls{where}", (), (_sysctl(change, names) for change in own.sysctls))


def _port(change: PortChange, names: Names) -> Row:
    limit = change.limit_after or change.limit_before
    full = percent_text(change.after, limit)
    text = change.destination.text
    told = [f"{text}: {_before_and_after(change.before, change.after, names)} ports of {limit:,}"]
    if change.before and change.after and change.limit_before != change.limit_after:
        told.append(f"The limit was {change.limit_before:,} before.")
    return Row(
        ("ports", text),
        (_number(change.before), _number(change.after), change_text(change.change), _number(limit), full),
        word_of(change.before, change.after),
        text,
        lambda: told,
        partial(_port_filter, change),
    )


def _port_filter(change: PortChange) -> Expr:
    """Return a filter for all that goes to the destination, as if one such socket were there."""
    columns = {name: np.array([value], DTYPES[name]) for name, value in change.destination._asdict().items()}
    one = Sockets.of({"state": np.zeros(1, np.uint8), **columns})
    return towards(one, 0, source=True)


def _counter(change: CounterChange, names: Names) -> Row:
    name, page = printable(change.name), counter_pages().get(change.name)
    meaning = "" if page is None else page.meaning
    fell = change.change < 0 and not is_gauge(change.name)
    told = [f"{name}: {_before_and_after(change.before, change.after, names)}", meaning]
    if change.per_s is not None:
        told[0] += f", {change.per_s:,.2f} per second"
    if fell:
        told.append("It can only grow, and counts from 0 again.")
    return Row(
        ("counter", name),
        (_number(change.before), _number(change.after), change_text(change.change), _rate(change.per_s)),
        "",
        f"{short_name(name):<{_NAME}} {'counts from 0 again' if fell else meaning}",
        lambda: told,
        lambda: None if page is None else find(change.name),
    )


def _sysctl(change: SysctlChange, names: Names) -> Row:
    name = printable(change.name)
    before, after = ("none" if text is None else printable(text) for text in (change.before, change.after))
    return Row(
        ("sysctl", name),
        (),
        "",
        f"{name}  {before} > {after}",
        lambda: [f"{name}: {before} ({names[0]}), {after} ({names[1]})"],
        lambda: find(change.name) if change.name in sysctl_pages() else None,
    )


def _finding(change: FindingChange, names: Names) -> Row:
    finding = change.finding
    seen = names[0] if change.word == "over" else names[1]
    return Row(
        ("finding", *finding.identity),
        (),
        change.word,
        f"{finding.severity.label}: {finding.title}",
        lambda: [f"{finding.title} ({seen})", *finding.evidence],
        lambda: finding.sockets,
    )


# Texts


def change_text(number: int) -> str:
    """Write a change with its sign."""
    return f"{'+' if number > 0 else '-'}{count_text(abs(number), _NUMBER - 1)}" if number else "0"


def _number(number: int) -> str:
    return count_text(number, _NUMBER)


def _rate(per_s: float | None) -> str:
    return "" if per_s is None else rate_text(per_s) if per_s >= _LEAST_RATE else "<0.1"


def _count(number: int) -> str:
    """Write a count; a blank for none, so that what moved stands out."""
    return _number(number) if number else ""
