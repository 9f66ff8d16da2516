"""A terminal for tests: a pseudo-terminal with its screen kept by pyte, that can stall, shrink and vanish."""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import select
import signal
import struct
import subprocess
import sys
import termios
import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

import pyte

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).parents[2]
SECONDS = 60.0
"""How long a program may take on a machine that has other things to do too."""
_MODES = re.compile(rb"\x1b\[\?([\d;]+)([hl])")
_QUERIES = re.compile(rb"\x1b\[\?(\d+)\$p")
# pyte would take what follows the private marks of the kitty keyboard protocol for text or SGR.
_UNKNOWN_TO_PYTE = re.compile(rb"\x1b\[[<=>][\d;]*[A-Za-z]|\x1b\[\?\d+\$p")
ALTERNATE_SCREEN, CURSOR, WRAP, SYNCHRONIZED, IN_BAND_RESIZE = 1049, 25, 7, 2026, 2048
MODES_BEFORE = {ALTERNATE_SCREEN: False, CURSOR: True, WRAP: True} | dict.fromkeys(
    (1000, 1003, 1004, 1006, 1015, 1016, 2004, SYNCHRONIZED), False
)


class Terminal:
    """Runs a program in a terminal of its own and is its user."""

    def __init__(
        self,
        argv: Sequence[str],
        *,
        columns: int = 80,
        rows: int = 24,
        supported: frozenset[int] = frozenset({SYNCHRONIZED}),
        ignored: Sequence[signal.Signals] = (),
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """`supported` are the modes it says it has; `ignored` the signals the program starts out ignoring."""
        self.supported = supported
        self.modes = dict(MODES_BEFORE)
        self.output = bytearray()
        self.screen = pyte.Screen(columns, rows)
        self._stream = pyte.ByteStream(self.screen)
        self._master, self._slave = os.openpty()
        self._reading = True
        self.resize(columns, rows)
        self.attributes_before = termios.tcgetattr(self._slave)

        def own_terminal() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)
            for number in ignored:
                signal.signal(number, signal.SIG_IGN)

        kept = {
            name: value for name, value in os.environ.items() if name not in {"NO_COLOR", "COLUMNS", "LINES"}
        }
        self.process = subprocess.Popen(
            argv,
            stdin=self._slave,
            stdout=self._slave,
            stderr=self._slave,
            cwd=ROOT,
            env=kept | {"TERM": "xterm-256color", "LC_ALL": "C.UTF-8"} | dict(environ or {}),
            start_new_session=True,
            preexec_fn=own_terminal,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(ProcessLookupError):
            self.process.kill()
        self.process.wait()
        self.vanish()

    @property
    def text(self) -> str:
        return "\n".join(line.rstrip() for line in self.screen.display)

    @property
    def attributes(self) -> list[object]:
        return list(termios.tcgetattr(self._slave))

    @property
    def resident_bytes(self) -> int:
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return 1024 * int(status.split("VmRSS:")[1].split()[0])

    def wait(self, what: str, condition: Callable[[], object], seconds: float = SECONDS) -> None:
        """Read until a condition holds; fails, showing the screen, when it does not in time."""
        deadline = time.monotonic() + seconds
        while not condition():
            self.read()
            if time.monotonic() > deadline:
                raise AssertionError(f"not in {seconds} s: {what}; the screen:\n{self.text}")

    def wait_text(self, pattern: str) -> re.Match[str]:
        """Read until the screen matches."""
        self.wait(f"screen matching {pattern!r}", lambda: re.search(pattern, self.text))
        match = re.search(pattern, self.text)
        assert match
        return match

    def wait_exit(self) -> int:
        """Read until the program has ended and return its status (-n for a signal)."""
        self.wait("end of the program", lambda: self.process.poll() is not None)
        self.read()
        return self.process.returncode

    def read(self) -> None:
        """Read what there is, and answer as a terminal does."""
        if not self._reading:
            time.sleep(0.02)
            return
        if not select.select([self._master], [], [], 0.02)[0]:
            return
        data = os.read(self._master, 1 << 16)
        self.output += data
        for numbers, way in _MODES.findall(data):
            self.modes |= {int(number): way == b"h" for number in numbers.split(b";")}
        for number in map(int, _QUERIES.findall(data)):
            self.send(f"\x1b[?{number};{2 if number in self.supported else 0}$y")
        self._stream.feed(_UNKNOWN_TO_PYTE.sub(b"", data))

    def send(self, keys: str) -> None:
        """Type."""
        os.write(self._master, keys.encode())

    def kill(self, number: signal.Signals) -> None:
        """Send the program a signal."""
        self.process.send_signal(number)

    def resize(self, columns: int, rows: int) -> None:
        """Become another size, and say so in band where asked to."""
        self.screen.resize(rows, columns)
        fcntl.ioctl(self._master, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
        if self.modes.get(IN_BAND_RESIZE):
            self.send(f"\x1b[48;{rows};{columns};{rows * 16};{columns * 8}t")

    def stall(self, *, by: str) -> None:
        """Take no more output: "stopped" as by ctrl+s, "unread" as by a dead connection."""
        self._reading = False
        if by == "stopped":
            termios.tcflow(self._slave, termios.TCOOFF)

    def resume(self) -> None:
        """Take output again."""
        self._reading = True
        termios.tcflow(self._slave, termios.TCOON)

    def vanish(self) -> None:
        """Be gone, as when the connection ends."""
        self._reading = False
        for fd in (self._master, self._slave):
            with contextlib.suppress(OSError):
                os.close(fd)

    def assert_restored(self) -> None:
        """Check that the program left the terminal as it found it."""
        assert {mode: self.modes[mode] for mode in MODES_BEFORE} == MODES_BEFORE
        assert not self.modes.get(IN_BAND_RESIZE)
        assert self.output.count(b"\x1b[<u") == len(re.findall(rb"\x1b\[>\d+u", self.output))
        assert self.attributes == self.attributes_before


def python(module: str, *arguments: str) -> list[str]:
    """Return the command that runs a module of this repository."""
    return [sys.executable, "-m", module, *arguments]
