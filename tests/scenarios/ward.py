"""A host of the lab under examination: what twtop finds there, snapshot by snapshot."""

from __future__ import annotations

import shlex
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, Final, Self

from tests.scenarios.wording import check_words
from twtop.core.states import State
from twtop.sources.live import LiveSource
from twtop.sources.observer import Frame, Observer

if TYPE_CHECKING:
    from twtop.diagnosis.finding import Finding, Remedy
    from twtop.lab.host import Host

SECONDS: Final = 20.0
"""How long something may take to be found, or to be gone."""
EVERY_S: Final = 0.2


class Ward:
    """Takes real snapshots inside a host of the lab and examines them, as the screen does."""

    def __init__(self, host: Host) -> None:
        with host.entered():
            self._source = LiveSource()
        self._host = host
        self._observer = Observer(self._source.host)
        self._later_s = 0.0
        self.frame: Frame | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._source.close()

    def look(self) -> tuple[Finding, ...]:
        """Take a snapshot and return everything found, without what is over."""
        with self._host.entered():
            taken = self._source.take()
        read = replace(taken.tcp_info, instant_s=taken.tcp_info.instant_s + self._later_s)
        later = replace(taken, instant_s=taken.instant_s + self._later_s, tcp_info=read)
        self.frame = self._observer.observe(later)
        for finding in self.frame.findings:
            check_words(finding)
        return tuple(finding for finding in self.frame.findings if finding.over_s is None)

    def wait(self, seconds: float) -> None:
        """Let the examiner's clock, not the kernel's, go on: for what is only told after a minute.

        TIME-WAITs then look as if their timers had been restarted.
        """
        self._later_s += seconds

    def apply(self, remedy: Remedy) -> None:
        """Do what a remedy says inside the host; its command must set a sysctl."""
        program, option, setting = shlex.split(remedy.command)
        assert (program, option) == ("sysctl", "-w")
        self._host.sysctl(*setting.split("="))

    def selected(self, finding: Finding) -> Counter[str]:
        """Return the states of the sockets that a finding's filter selects in the newest snapshot."""
        assert self.frame is not None
        sockets = self.frame.moment.snapshot.sockets
        return Counter(State(number).label for number in sockets.state[finding.sockets.mask(sockets)])

    def find(self, rule: str, subject: str | None = None, *, seconds: float = SECONDS) -> Finding:
        """Look until a rule has found something, and return it."""
        deadline = time.monotonic() + seconds
        while True:
            findings = self.look()
            for finding in findings:
                if finding.rule == rule and subject in (None, finding.subject):
                    return finding
            assert time.monotonic() < deadline, f"{rule} found nothing; found: {_headlines(findings)}"
            time.sleep(EVERY_S)

    def until_gone(self, rule: str, subject: str | None = None, *, seconds: float = SECONDS) -> None:
        """Look until a rule finds nothing any more."""
        deadline = time.monotonic() + seconds
        while any(found.rule == rule and subject in (None, found.subject) for found in self.look()):
            assert time.monotonic() < deadline, f"{rule} is still found after {seconds} s"
            time.sleep(EVERY_S)

    def rules(self, snapshots: int = 5) -> set[str]:
        """Look several times, and return the names of all rules that found something."""
        found: set[str] = set()
        for _ in range(snapshots):
            found |= {finding.rule for finding in self.look()}
            time.sleep(EVERY_S)
        return found


def _headlines(findings: tuple[Finding, ...]) -> str:
    return "; ".join(f"{finding.rule}: {finding.headline}" for finding in findings) or "nothing"
