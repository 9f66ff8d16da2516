"""Closes the sockets of a plan, one after the other, and tells the system log."""

from __future__ import annotations

import errno
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from twtop.core.address import endpoint_text
from twtop.core.closing.kinds import Kind, kind_at
from twtop.core.closing.plan import Lacks, Plan, plan
from twtop.core.states import state_label
from twtop.errors import KernelError
from twtop.kernel.own_session import read_own_session
from twtop.kernel.processes.reading import read_process
from twtop.kernel.sockdiag.destroy import Destroyer, try_out
from twtop.kernel.sockdiag.requests import requests
from twtop.kernel.system_log import DEV_LOG, SystemLog, who_runs_this

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from twtop.core.closing.tally import Tally
    from twtop.core.snapshot import Snapshot
    from twtop.core.sockets import U32, U64, Sockets
    from twtop.kernel.sockdiag.one_socket import SocketReader

MOST_LINES: Final = 100
"""So many sockets of one go are logged one by one; the last line has the numbers of all."""

_NO_NETLINK: Final = "closing sockets takes netlink, which cannot be used here"


@dataclass(frozen=True, slots=True, eq=False)
class Job:
    """A plan, and who carries it out in each network namespace (``Sockets.netns``)."""

    plan: Plan
    destroyers: Mapping[int, Destroyer]


class Closer:
    """Closes sockets, in the network namespaces of the readers that it is given; slow, for any thread.

    ``own`` returns the inodes of twtop's own sockets.
    """

    def __init__(self, log: Path = DEV_LOG, own: Callable[[], U32] | None = None) -> None:
        self._log = log
        self._own = own or _own_inodes
        self._lacks: Lacks | None = None

    def get_ready(self, reader: SocketReader | None) -> str | None:
        """Say why nothing can be closed in the namespace of a reader; None if sockets can be."""
        made = _destroyer(reader)
        if isinstance(made, str):
            return made
        self._find_lacks()
        return None

    def _find_lacks(self) -> Lacks:
        if self._lacks is None:
            self._lacks = try_out()
        return self._lacks

    def prepare(
        self,
        snapshot: Snapshot,
        cookies: U64,
        reader_of: Callable[[int], SocketReader | None],
        *,
        time_wait: bool = False,
    ) -> Job:
        """Decide what of the sockets with these cookies would be closed, as they are in the snapshot.

        ``time_wait``: TIME-WAITs too. What is not in the snapshot any more is counted as missing.
        """
        rows, there = snapshot.cookies.find(cookies)
        sockets = snapshot.sockets.take(rows[there])
        made = {number: _destroyer(reader_of(number)) for number in np.unique(sockets.netns).tolist()}
        destroyers = {number: each for number, each in made.items() if isinstance(each, Destroyer)}
        refusal = next((each for each in made.values() if isinstance(each, str)), None)
        lacks = self._find_lacks() if destroyers else Lacks()
        planned = plan(
            sockets,
            int(np.count_nonzero(~there)),
            # Who is attached to a terminal multiplexer may be another one by now.
            session=(*snapshot.own_session, *read_own_session().cookies(sockets)),
            own=self._own(),
            served=list(destroyers),
            lacks=lacks._replace(namespaces=refusal),
            time_wait=time_wait,
        )
        return Job(planned, destroyers)

    def log_lack(self) -> str | None:
        """Say why what is closed cannot be logged; None if it can be."""
        with SystemLog(self._log) as log:
            return log.lack

    def carry_out(self, job: Job, tally: Tally) -> None:
        """Close what a plan says, until all is done or the tally says stop.

        Each socket is looked up by its cookie just before: what is gone, and what has become something that
        nobody agreed to close, is left alone. Between this look and the end of the socket lie microseconds.
        """
        plan = job.plan
        sockets = plan.sockets.take(plan.chosen)
        with SystemLog(self._log) as log:
            who = who_runs_this(os.environ)
            log.write(f"closing {_counts(plan)} by {who}")
            for row, request in enumerate(requests(sockets)):
                if tally.stopping:
                    break
                result = _close_one(job, sockets, row, request.tobytes(), tally)
                if row < MOST_LINES:
                    log.write(f"{result} {_described(sockets, row)} by {who}")
            log.write(f"closing ended: {_results(tally)} by {who}")
            tally.unlogged = log.lack
        tally.ended = True


def _destroyer(reader: SocketReader | None) -> Destroyer | str:
    """Return who closes sockets in the namespace of a reader, or why nobody can."""
    if reader is None:
        return _NO_NETLINK
    try:
        made = Destroyer(reader)
    except KernelError as error:
        return str(error)
    return made.lack or made


def _own_inodes() -> U32:
    """Return the inodes of twtop's sockets."""
    process = read_process(os.getpid())
    return np.zeros(0, np.uint32) if process is None or process.sockets is None else process.sockets


def _close_one(job: Job, sockets: Sockets, row: int, request: bytes, tally: Tally) -> str:
    """Close one socket if it still is what it was; count and return what came of it."""
    try:
        return _try_to_close(job, sockets, row, request, tally)
    except KernelError as error:
        # Silence takes ten seconds each time.
        tally.stopping = True
        return _refused(tally, str(error))


def _try_to_close(job: Job, sockets: Sockets, row: int, request: bytes, tally: Tally) -> str:
    destroyer, plan, kind = job.destroyers[int(sockets.netns[row])], job.plan, kind_at(sockets, row)
    found = destroyer.find(request, kind)
    if found is None:
        if kind is Kind.LISTEN and destroyer.listens(sockets.take(slice(row, row + 1))):
            return _refused(tally, "another listener at its port always answers in its place")
        tally.gone += 1
        return "already gone:"
    if found.kind not in plan.agreed:
        tally.changed[found.kind.fate.name] += 1
        return f"left alone, now {found.kind.fate.name}:"
    if plan.lacks.orphans and found.is_orphan:
        return _refused(tally, plan.lacks.orphans)
    number = destroyer.destroy(found.request)
    if number == errno.ENOENT:
        tally.gone += 1
        return "already gone:"
    if number:
        return _refused(tally, _REFUSALS.get(number) or os.strerror(number))
    tally.closed += 1
    return "closed"


_REFUSALS: Final = {
    errno.EPERM: "it needs CAP_NET_ADMIN in its network namespace",
    errno.EACCES: "a security policy forbids it",
    errno.EOPNOTSUPP: "this kernel cannot close it",
}


def _refused(tally: Tally, reason: str) -> str:
    tally.refused[reason] += 1
    return f"refused ({reason}):"


def _described(sockets: Sockets, row: int) -> str:
    """Write a socket for the log: state, ends, cookie, owner."""
    ends = [
        endpoint_text(
            int(getattr(sockets, f"{end}_hi")[row]),
            int(getattr(sockets, f"{end}_lo")[row]),
            int(getattr(sockets, f"{end}_port")[row]),
        )
        for end in ("local", "remote")
    ]
    owner = sockets.owner_at(row).described(int(sockets.certainty[row]))
    state = state_label(int(sockets.state[row]))
    netns = f" netns={sockets.netns[row]}" if sockets.netns[row] else ""
    return f"{state} {ends[0]} -> {ends[1]} cookie={int(sockets.cookie[row]):#x} owner={owner}{netns}"


def _counts(plan: Plan) -> str:
    kinds = ", ".join(f"{kind.fate.name} {count}" for kind, count in plan.by_kind)
    return f"{plan.count} TCP sockets ({kinds})"


def _results(tally: Tally) -> str:
    changed, refused = tally.changed.total(), tally.refused.total()
    return (
        f"{tally.closed} closed, {tally.gone} already gone, {changed} changed, {refused} refused, "
        f"{tally.left} not tried"
    )
