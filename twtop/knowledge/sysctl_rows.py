"""How a sysctl stands on this host: its value against the kernel's default, or why there is none."""

from __future__ import annotations

from typing import TYPE_CHECKING

from twtop.core.release import version
from twtop.core.text import printable
from twtop.knowledge.explanation import SysctlRow, SysctlState
from twtop.knowledge.pages import sysctl_pages

if TYPE_CHECKING:
    from twtop.knowledge.facts import HostFacts
    from twtop.knowledge.pages import SysctlPage


def sysctl_row(name: str, host: HostFacts) -> SysctlRow:
    """Compare a sysctl with its default; raises KeyError for a name without a page."""
    page = sysctl_pages()[name]
    default = default_of(page, host.release)
    value = host.sysctls.get(name)
    if value is None:
        state, note = _missing(name, page, host)
    else:
        # /proc/sys separates the numbers of a list by tabs.
        value = printable(" ".join(value.split()))
        state, note = _compared(value, default, page.formula)
    return SysctlRow(
        name=name,
        value=value,
        default=page.formula if default is None else default or "empty",
        scope=page.scope,
        unit=page.unit,
        meaning=page.meaning,
        state=state,
        note=note,
    )


def default_of(page: SysctlPage, release: str) -> str | None:
    """Return the constant a kernel of this release starts with, None if it computes its default.

    A release that cannot be read counts as new.
    """
    if page.before and version(release) < version(page.before):
        return page.default_before
    return page.default


def _compared(value: str, default: str | None, formula: str) -> tuple[SysctlState, str]:
    if default is None:
        return "computed", f"default: {formula}"
    if value == default:
        return "default", "default"
    return "changed", f"default {default or 'empty'}"


def _missing(name: str, page: SysctlPage, host: HostFacts) -> tuple[SysctlState, str]:
    if name in host.unreadable:
        return "unreadable", f"not readable: {printable(host.unreadable[name])}"
    if page.absent:
        return "absent", page.absent
    if page.scope == "host" and host.namespaced:
        return "hidden", "not visible in this namespace"
    if page.gone:
        return "absent", f"not in this kernel: gone in {page.gone}"
    return "absent", "not in this kernel" + (f": came with {page.since}" if page.since else "")
