"""All rules, by name; each module holds those of one subject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from twtop.diagnosis.rules import (
    bound_ports,
    close_wait,
    connect,
    conntrack,
    fin_wait_2_orphans,
    half_closed,
    handshake,
    keepalive,
    listen,
    memory,
    orphans,
    ports,
    restart,
    reuse,
    stalled,
    sysctls,
    time_wait,
)

if TYPE_CHECKING:
    from twtop.diagnosis.rule import Rule

_SUBJECTS: Final = (
    memory,
    conntrack,
    listen,
    handshake,
    connect,
    restart,
    ports,
    bound_ports,
    time_wait,
    fin_wait_2_orphans,
    stalled,
    orphans,
    close_wait,
    half_closed,
    keepalive,
    reuse,
    sysctls,
)
"""Of findings equally bad, those of the first module come first."""

RULES: Final[dict[str, Rule]] = {rule.name: rule for module in _SUBJECTS for rule in module.RULES}
