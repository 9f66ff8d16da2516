"""Two kept looks compared: everything that the view and the command line tell."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from twtop.core.comparison.groups import compare_groups
from twtop.core.comparison.ports import compare_ports
from twtop.core.comparison.side import BY_ENDS, Side, pairs, why_unpaired
from twtop.core.comparison.values import began_anew, compare_counters, compare_sysctls
from twtop.core.table.keys import KEYS
from twtop.errors import UsageError
from twtop.sources.comparison.kept import ONLY

if TYPE_CHECKING:
    from collections.abc import Iterable

    from twtop.core.comparison.groups import GroupChange, GroupChanges
    from twtop.core.comparison.ports import PortChanges
    from twtop.core.comparison.values import CounterChange, SysctlChange
    from twtop.core.table.view import Spec
    from twtop.diagnosis.finding import Finding
    from twtop.sources.comparison.kept import Kept, Own

MOST: Final = 500
"""How many groups and destinations a screen tells of one by one; the others are summed up."""
_OWNER_KEYS: Final = ("command",)
_NAMESPACE: Final = "namespace"
_CANNOT: Final = "these two moments cannot be compared"


class FindingChange(NamedTuple):
    """A finding that came, went, or got worse or better."""

    word: str
    """``new``, ``over``, ``worse`` or ``better``."""
    finding: Finding
    """As it was last."""


class OwnChanges(NamedTuple):
    """What changed of what is a network namespace's own."""

    label: str
    ports: PortChanges
    counters: list[CounterChange]
    sysctls: list[SysctlChange]
    began_anew: bool
    """Whether its counters began at 0 again."""


@dataclass(frozen=True, slots=True, eq=False)
class Comparison:
    """What happened between two moments, the earlier one first."""

    spec: Spec
    before: Side
    after: Side
    seconds: float
    """Time between them."""
    unpaired: str
    """Why no socket of one can be found in the other; empty where it can."""
    remarks: tuple[str, ...]
    """What is to be known before one believes it, one sentence each."""
    states: GroupChanges
    groups: GroupChanges
    """Grouped as the table is."""
    owners: GroupChanges | None
    """Grouped by command; None where owners are unknown, or the groups are by owners."""
    own: OwnChanges | None
    """None where the namespace was not read at both moments."""
    findings: tuple[FindingChange, ...]
    """New ones first, the worst of them first."""
    findings_same: int
    """How many findings there are at both moments, as bad as before."""

    def texts(self, groups: GroupChanges, change: GroupChange) -> list[str]:
        """Write what a group is called, key by key."""
        side = self.after if change.in_after else self.before
        server = bool(side.server[change.row])
        return [KEYS[key].text(side.sockets, change.row, server) for key in groups.keys]

    def text(self, groups: GroupChanges, change: GroupChange) -> str:
        """Write what a group is called."""
        return "  ".join(self.texts(groups, change))


def compare(
    one: Kept,
    other: Kept,
    spec: Spec,
    *,
    alone: int | None = None,
    about: int = ONLY,
    most: int = MOST,
) -> Comparison:
    """Compare two looks under a filter and grouping keys; of 300,000 sockets each in half a second.

    ``alone`` is the number of the only namespace to compare of several, ``about`` that of the one whose
    ports, counters and sysctls are compared where all are. ``most`` groups, and destinations, are told of one
    by one. Raises UsageError where they have nothing in common.
    """
    old, new = sorted((one, other), key=lambda kept: kept.wall_s)
    numbers = _namespaces(old, new, alone)
    before, after = Side.of(old.snapshot, numbers[0]), Side.of(new.snapshot, numbers[1])
    unpaired = _why_unpaired(old, new, before, after)
    found = None if unpaired else pairs(before, after)
    # Where a namespace is looked at alone it has no number.
    keys = spec.keys if old.several == new.several else _without_namespace(spec.keys)
    seconds = abs(after.wall_s - before.wall_s if unpaired else after.instant_s - before.instant_s)
    findings, same = _finding_changes(_findings(old, numbers[0]), _findings(new, numbers[1]))
    return Comparison(
        spec=spec,
        before=before,
        after=after,
        seconds=seconds,
        unpaired=unpaired,
        remarks=(*_remarks(before, unpaired), *_left_out(old, new)),
        # Always all of them: they are few, and a sum that lacks some is no sum.
        states=compare_groups(before, after, found, spec, ("state",), MOST),
        groups=compare_groups(before, after, found, spec, keys, most),
        owners=compare_groups(before, after, found, spec, _OWNER_KEYS, most)
        if _adds_owners(before, after, keys)
        else None,
        own=_own_changes(_own(old, numbers[0], about), _own(new, numbers[1], about), seconds, most),
        findings=findings,
        findings_same=same,
    )


def _why_unpaired(old: Kept, new: Kept, before: Side, after: Side) -> str:
    reason = why_unpaired(before, after)
    both = old.own.keys() & new.own.keys()
    if not reason and both and all(began_anew(old.own[at].counters, new.own[at].counters) for at in both):
        return "the kernel counts from 0 again, as after a restart of the machine"
    if not reason and not before.exact_cookies and old.several != new.several:
        return "without cookies of the kernel a namespace alone and one of several are told apart differently"
    return reason


def _adds_owners(before: Side, after: Side, keys: Iterable[str]) -> bool:
    """Tell whether owners are known at both moments, and the groups do not tell of them anyway."""
    known = all(side.sockets.owner.any() for side in (before, after))
    return known and not any(KEYS[key].of_owners for key in keys)


def _namespaces(old: Kept, new: Kept, alone: int | None) -> tuple[int | None, int | None]:
    """Return the number of the namespace to take of each look; None for all that it has."""
    if old.host != new.host:
        raise UsageError(f"{_CANNOT}: one is of the host {old.host}, the other of {new.host}")
    if old.several and new.several:
        return alone, alone
    if not old.several and not new.several:
        labels = [kept.own[ONLY].label for kept in (old, new)]
        if labels[0] != labels[1]:
            raise UsageError(f"{_CANNOT}: one is of the namespace {labels[0]}, the other of {labels[1]}")
        return None, None
    single, several = (new, old) if old.several else (old, new)
    label = single.own[ONLY].label
    number = next((number for number, own in several.own.items() if label in own.names), None)
    if number is None:
        raise UsageError(f"{_CANNOT}: one is of the namespace {label}, which the other does not have")
    return (number, None) if old.several else (None, number)


def _left_out(old: Kept, new: Kept) -> Iterable[str]:
    if old.several != new.several:
        label = (new if old.several else old).own[ONLY].label
        yield f"Only namespace {label} is compared: it was looked at alone at one of these moments."


def _own(kept: Kept, number: int | None, about: int) -> Own | None:
    if not kept.several:
        return kept.own[ONLY]
    return kept.own.get(about if number is None else number)


def _own_changes(before: Own | None, after: Own | None, seconds: float, most: int) -> OwnChanges | None:
    if before is None or after is None:
        return None
    return OwnChanges(
        after.label,
        compare_ports(before.ports, after.ports, most),
        compare_counters(before.counters, after.counters, seconds),
        compare_sysctls(before.sysctls, after.sysctls),
        began_anew(before.counters, after.counters),
    )


def _without_namespace(keys: tuple[str, ...]) -> tuple[str, ...]:
    """Leave out what one namespace is not grouped by, unless there is nothing else."""
    return tuple(key for key in keys if key != _NAMESPACE) or ("state",)


def _findings(kept: Kept, number: int | None) -> tuple[Finding, ...]:
    if number is None:
        return kept.findings
    own = kept.own.get(number)
    return () if own is None else own.findings


def _finding_changes(
    before: Iterable[Finding], after: Iterable[Finding]
) -> tuple[tuple[FindingChange, ...], int]:
    """Return what is new, worse, better and over, and how many are as they were."""
    old = {finding.identity: finding for finding in before}
    new = {finding.identity: finding for finding in after}
    changes = [FindingChange("new", new[name]) for name in new if name not in old]
    both = [(new[name], new[name].severity - old[name].severity) for name in new if name in old]
    changes += [FindingChange("worse", finding) for finding, step in both if step > 0]
    changes += [FindingChange("better", finding) for finding, step in both if step < 0]
    changes += [FindingChange("over", old[name]) for name in old if name not in new]
    return tuple(changes), sum(step == 0 for _, step in both)


def _remarks(before: Side, unpaired: str) -> Iterable[str]:
    if unpaired:
        yield f"No socket of one moment can be found in the other: {unpaired}. Only numbers are compared."
    elif not before.exact_cookies:
        yield BY_ENDS
