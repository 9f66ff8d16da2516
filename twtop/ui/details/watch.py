"""One socket, looked at again and again: its state, its values, its process."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass
from math import inf
from threading import Lock
from typing import TYPE_CHECKING, Final, NamedTuple

from twtop.core.details.details import Details
from twtop.core.state_log import Seen
from twtop.errors import KernelError
from twtop.kernel.processes.facts import ProcessFacts, ProcessReader
from twtop.kernel.sockdiag.one_socket import SocketGoneError

if TYPE_CHECKING:
    from twtop.core.owners.owner import Owner
    from twtop.core.sockets import Sockets
    from twtop.core.state_log import Birth
    from twtop.core.sysctls import Sysctls
    from twtop.sources.observer import Frame

_MOST_SAMPLES: Final = 1000
_MOST_CHANGES: Final = 100
_LEAST_S: Final = 0.05
_PAST: Final = "what is shown is the past"
_NO_NETLINK: Final = "the kernel tells of single sockets over netlink only, which is refused here"


class Sample(NamedTuple):
    """What is plotted, of one look; None where it was not told."""

    rtt: int | None
    cwnd: int | None
    rqueue: int | None
    wqueue: int | None


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """All that is known of the socket now."""

    now_s: float
    """When that is."""
    past: bool
    """That was recorded."""
    one: Sockets
    """Its row in the last table that had it."""
    told: Details
    sysctls: Sysctls
    births: list[Birth]
    """Of its states, as far as they are remembered."""
    opened: int
    """Its state in the row that was looked at first."""
    changes: tuple[Seen, ...]
    """The states that it was in afterwards, as looks at it alone found them."""
    start_s: float
    """When the log of births began, ..."""
    reaches_s: float
    """... and from when on it is complete."""
    gone_s: float | None
    """When it was found to be gone; None while it is there."""
    namespace: str
    """The name of its network namespace where there are several; else empty."""
    owner: Owner
    owner_text: str
    process: ProcessFacts
    samples: tuple[Sample, ...]


class SocketWatch:
    """Keeps to one socket by its cookie, whatever state it goes to."""

    def __init__(self, one: Sockets) -> None:
        self.namespace = int(one.netns[0])
        """Number of the network namespace it is in."""
        self._frame: Frame | None = None
        self._now_s = 0.0
        self._past = False
        self._one = one
        self._told: Details | None = None
        self._opened = self._state = int(one.state[0])
        self._changes: deque[Seen] = deque(maxlen=_MOST_CHANGES)
        self._gone_s: float | None = None
        self._sampled_s = 0.0
        self._samples: deque[Sample] = deque(maxlen=_MOST_SAMPLES)
        self._process: ProcessReader | None = None
        self._process_of: tuple[int, int] = (0, 0)
        self._lock = Lock()

    def look(self, frame: Frame | None, *, past: bool = False) -> Look | None:
        """Look at it in the newest frame of its namespace, or one of the ``past``; takes milliseconds.

        Without such a frame the socket went with its namespace. None if there never was one.
        """
        with self._lock:
            now_s = frame.moment.snapshot.wall_s if past and frame is not None else time.time()
            if past is not self._past or now_s < self._now_s:
                self._forget()
            self._past, self._now_s = past, now_s
            if frame is not None:
                self._frame = frame
                self._ask(frame, listed=self._find(frame))
            elif self._gone_s is None:
                self._gone_s = now_s
            return None if self._frame is None else self._report(self._frame)

    def _forget(self) -> None:
        """Begin anew: time went back, or jumped."""
        self._changes.clear()
        self._samples.clear()
        self._sampled_s = 0.0
        self._gone_s = None

    def _find(self, frame: Frame) -> bool:
        """Take its row from the newest table: it may have got an owner, a peer or another state."""
        snapshot = frame.moment.snapshot
        rows, there = snapshot.cookies.find(self._one.cookie)
        if there[0]:
            self._one = snapshot.sockets.take(slice(int(rows[0]), int(rows[0]) + 1))
        return bool(there[0])

    def _ask(self, frame: Frame, *, listed: bool) -> None:
        exact = frame.moment.snapshot.exact_cookies
        gone = False
        told: Details | None = None
        try:
            if frame.reader is not None and not self._past:
                told = frame.reader.read(self._one)
            elif listed:
                told = Details.of_row(self._one, _PAST if self._past else _NO_NETLINK, from_netlink=exact)
            else:
                gone = True
        except SocketGoneError:
            gone = True
        except KernelError as error:
            told = Details.of_row(self._one, str(error), from_netlink=exact)
        if not gone:
            self._gone_s = None
        elif self._gone_s is None:
            self._gone_s = self._now_s
        if told is not None:
            self._take(told, self._now_s)

    def _take(self, told: Details, now_s: float) -> None:
        self._told = told
        state = told.number("state")
        if state != self._state:
            self._state = state
            self._changes.append(Seen(state, now_s))
        # The screen may ask twice at once, and what is plotted goes by the time.
        if now_s >= self._sampled_s + _LEAST_S:
            self._sampled_s = now_s
            names = ("rtt", "snd_cwnd", "rqueue", "wqueue")
            self._samples.append(Sample(*(_number(told, name) for name in names)))

    def _report(self, frame: Frame) -> Look:
        one, births = self._one, frame.births
        owner = one.owner_at(0)
        snapshot = frame.moment.snapshot
        told = self._told
        if told is None:
            told = Details.of_row(one, "it was gone before it could be asked for", from_netlink=True)
        return Look(
            now_s=self._now_s,
            past=self._past,
            one=one,
            told=told,
            sysctls=snapshot.sysctls,
            # A recording that was stepped back in has seen already what comes later.
            births=births.of(int(one.cookie[0]), self._now_s if self._past else inf),
            opened=self._opened,
            changes=tuple(self._changes),
            start_s=births.start_s,
            reaches_s=births.reaches_s,
            gone_s=self._gone_s,
            namespace=frame.host.namespace_label if self.namespace else "",
            owner=owner,
            owner_text=owner.described(int(one.certainty[0])),
            process=ProcessFacts() if self._past else self._read_process(owner),
            samples=tuple(self._samples),
        )

    def _read_process(self, owner: Owner) -> ProcessFacts:
        if not owner.pid:
            return ProcessFacts()
        if self._process is None or self._process_of != (owner.pid, owner.start):
            self._process_of = owner.pid, owner.start
            self._process = ProcessReader(owner.pid, owner.start)
        return self._process.read()


def _number(told: Details, name: str) -> int | None:
    return told.number(name) if name in told.values and not told.is_mini else None
