"""What a terminal can do to the program, and what the program leaves behind in the terminal."""

from __future__ import annotations

import asyncio
import importlib.util
import os
import re
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from tests.pty.sample_app import SampleApp
from tests.pty.terminal import ALTERNATE_SCREEN, IN_BAND_RESIZE, SECONDS, SYNCHRONIZED, Terminal, python
from twtop.ui.terminal.driver import TerminalDriver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SAMPLE = "tests.pty.sample_app"
HANGUP, INTERRUPT, TERMINATED = (128 + number for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM))


@dataclass(frozen=True)
class Program:
    """What is run, and what its screen shows when it is ready."""

    argv: list[str]
    ready: str


PROGRAMS = {
    "sample": Program(python(SAMPLE), r"ready tick [1-9]"),
    "twtop": Program(python("twtop", "demo"), r"TIME-WAIT"),
}


@pytest.fixture(params=PROGRAMS)
def program(request: pytest.FixtureRequest) -> Program:
    if request.param == "twtop" and importlib.util.find_spec("twtop.ui.app") is None:
        pytest.skip("twtop has no screen yet")
    return PROGRAMS[request.param]


@pytest.fixture
def terminal(program: Program) -> Iterator[Terminal]:
    with Terminal(program.argv) as terminal:
        terminal.wait_text(program.ready)
        assert terminal.modes[ALTERNATE_SCREEN]
        yield terminal


@pytest.fixture
def sample() -> Iterator[Terminal]:
    with Terminal(python(SAMPLE)) as terminal:
        terminal.wait_text(PROGRAMS["sample"].ready)
        yield terminal


def test_it_leaves_no_thread_or_child_behind(terminal: Terminal) -> None:
    terminal.send("q")
    assert terminal.wait_exit() == 0
    terminal.assert_restored()
    with pytest.raises(ProcessLookupError):
        os.killpg(terminal.process.pid, 0)


def test_ctrl_c(terminal: Terminal) -> None:
    terminal.send("\x03")
    assert terminal.wait_exit() == INTERRUPT
    terminal.assert_restored()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
def test_a_signal_ends_it(terminal: Terminal, number: signal.Signals) -> None:
    terminal.kill(number)
    assert terminal.wait_exit() == 128 + number
    terminal.assert_restored()


@pytest.mark.parametrize("ignored", [[], [signal.SIGHUP]], ids=["told by SIGHUP", "told by end of file"])
def test_the_terminal_is_gone(program: Program, ignored: list[signal.Signals]) -> None:
    with Terminal(program.argv, ignored=ignored) as terminal:
        terminal.wait_text(program.ready)
        terminal.vanish()
        assert terminal.process.wait(SECONDS) == HANGUP


def test_the_terminal_is_gone_while_nothing_is_written() -> None:
    with Terminal(python(SAMPLE, "--period", "1000"), ignored=[signal.SIGHUP]) as terminal:
        terminal.wait_text("ready tick 0")
        terminal.vanish()
        assert terminal.process.wait(SECONDS) == HANGUP


def test_a_crash_is_one_line(sample: Terminal) -> None:
    sample.send("x")
    assert sample.wait_exit() == 1
    sample.assert_restored()
    said = sample.output.rpartition(b"\x1b[?1004l")[2].decode()
    error = "ValueError: a number that was not one"
    assert said == f"twtop: internal error: {error}: set TWTOP_DEBUG=1 for the traceback\r\n"


def test_an_error_of_ours_reaches_the_caller_from_a_worker_too(sample: Terminal) -> None:
    sample.send("w")
    assert sample.wait_exit() == 2
    sample.assert_restored()
    assert sample.output.endswith(b"\x1b[?1004lthis host has no sockets\r\n")


def test_a_crash_shows_its_traceback_for_debugging() -> None:
    with Terminal(python(SAMPLE), environ={"TWTOP_DEBUG": "1"}) as terminal:
        terminal.wait_text("ready tick")
        terminal.send("x")
        assert terminal.wait_exit() == 1
        terminal.assert_restored()
        assert b"action_crash" in terminal.output.rpartition(b"\x1b[?1049l")[2]


@pytest.mark.parametrize("by", ["stopped", "unread"])
def test_a_stalled_reader_stops_nothing_and_then_sees_the_present(tmp_path: Path, by: str) -> None:
    beat = tmp_path / "beat"

    def ticks() -> int:
        return int(beat.read_text() or 0) if beat.exists() else 0

    with Terminal(python(SAMPLE, "--period", "0.01", "--beat", str(beat))) as terminal:
        terminal.wait("ticks", lambda: ticks() > 20)
        before = terminal.resident_bytes
        terminal.stall(by=by)
        stalled_at = ticks()
        terminal.wait("ticks while stalled", lambda: ticks() > stalled_at + 400)
        resumed_at = ticks()
        assert terminal.resident_bytes - before < 4 << 20
        written = len(terminal.output)
        terminal.resume()
        terminal.wait("the present", lambda: shown_tick(terminal) >= resumed_at)
        if by == "stopped":
            # Hundreds of frames were missed; what came is less than three whole screens.
            assert len(terminal.output) - written < 3 * 80 * 24
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert_rows_belong_together(terminal)
        terminal.assert_restored()


def shown_tick(terminal: Terminal) -> int:
    match = re.search(r"tick (\d+)", terminal.text)
    return int(match[1]) if match else -1


def assert_rows_belong_together(terminal: Terminal) -> None:
    """Check each row's number against the tick in the first: all of one frame, none left of another."""
    tick = shown_tick(terminal)
    for row, line in enumerate(terminal.screen.display[1:], 1):
        assert line.split()[0] == f"{1000 * row + tick * (row % 7):,}"


def test_it_can_be_ended_while_the_reader_is_stalled(terminal: Terminal) -> None:
    terminal.stall(by="stopped")
    terminal.kill(signal.SIGTERM)
    assert terminal.process.wait(SECONDS) == TERMINATED
    assert terminal.attributes == terminal.attributes_before


@pytest.mark.parametrize(
    "supported", [{SYNCHRONIZED}, {SYNCHRONIZED, IN_BAND_RESIZE}], ids=["signal", "in band"]
)
def test_resize_to_tiny_and_back(supported: set[int]) -> None:
    with Terminal(python(SAMPLE), supported=frozenset(supported)) as terminal:
        terminal.wait_text("size 80x24")
        if IN_BAND_RESIZE in supported:
            terminal.wait("resizing in band", lambda: terminal.modes.get(IN_BAND_RESIZE))
        terminal.resize(20, 5)
        terminal.wait("the tiny size", lambda: terminal.screen.display[4].startswith("     4,"))
        terminal.resize(80, 24)
        terminal.wait_text(r"tick \d+ size 80x24")
        terminal.wait("the last row", lambda: "10.0.0.23:5432" in terminal.screen.display[23])
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert_rows_belong_together(terminal)
        terminal.assert_restored()


def test_what_others_wrote_is_painted_over_by_ctrl_l() -> None:
    with Terminal(python(SAMPLE, "--period", "1000")) as terminal:
        terminal.wait_text(r"10\.0\.0\.23:5432")
        clean = terminal.text
        terminal.screen.draw("a message from the kernel")
        terminal.send("\x0c")
        terminal.wait("the clean screen", lambda: terminal.text == clean)


def test_tiny_and_back_then_ctrl_z_and_continue(terminal: Terminal, program: Program) -> None:
    written = len(terminal.output)
    terminal.resize(20, 5)
    terminal.wait("a repaint", lambda: b"\x1b[2J" in terminal.output[written:])
    terminal.resize(80, 24)
    terminal.wait_text(program.ready)
    terminal.send("\x1a")
    terminal.wait("the stop", lambda: is_stopped(terminal.process.pid))
    terminal.wait("the screen left", lambda: not terminal.modes[ALTERNATE_SCREEN])
    terminal.assert_restored()
    terminal.screen.reset()
    terminal.kill(signal.SIGCONT)
    terminal.wait_text(program.ready)
    assert terminal.modes[ALTERNATE_SCREEN]
    terminal.send("q")
    assert terminal.wait_exit() == 0
    terminal.assert_restored()


def is_stopped(pid: int) -> bool:
    with open(f"/proc/{pid}/stat") as stat:  # noqa: PTH123
        return stat.read().rpartition(")")[2].split()[0] == "T"


def test_without_utf_8_only_ascii_is_written() -> None:
    with Terminal(python(SAMPLE), environ={"LC_ALL": "C"}) as terminal:
        terminal.wait_text("ready tick")
        terminal.send("q")
        assert terminal.wait_exit() == 0
        assert terminal.output.isascii()


def test_the_names_of_textual_that_the_driver_rests_on() -> None:
    async def check() -> None:
        app = SampleApp()
        driver = TerminalDriver(app)
        assert driver._app is app
        assert driver._loop is asyncio.get_running_loop()
        assert not driver.exit_event.is_set()
        assert driver.fileno == 0
        assert app._exception is None

    handlers = {number: signal.getsignal(number) for number in (signal.SIGTSTP, signal.SIGCONT)}
    try:
        asyncio.run(check())
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
