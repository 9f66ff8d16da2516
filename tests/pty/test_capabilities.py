from __future__ import annotations

import subprocess
import sys

import pytest

from tests.pty.terminal import ROOT, Terminal
from twtop.ui.terminal.capabilities import capabilities, encoding

CHECK = (
    "from twtop.errors import UsageError\n"
    "from twtop.ui.terminal.capabilities import require_terminal\n"
    "try: require_terminal()\n"
    "except UsageError as error: print(error)\n"
    "else: print('a terminal')"
)
XTERM = {"TERM": "xterm-256color", "LANG": "en_US.UTF-8"}


@pytest.mark.parametrize(
    ("environ", "color", "unicode"),
    [
        (XTERM, True, True),
        (XTERM | {"NO_COLOR": "1"}, False, True),
        (XTERM | {"TERM": "screen"}, True, True),
        (XTERM | {"TERM": "linux"}, True, False),
        (XTERM | {"TERM": "dumb"}, False, False),
        (XTERM | {"TERM": "vt100"}, False, True),
        (XTERM | {"LC_ALL": "C"}, True, False),
        ({}, False, True),
    ],
)
def test_capabilities(environ: dict[str, str], color: bool, unicode: bool) -> None:
    assert capabilities(environ) == (color, unicode)


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        ({}, "utf-8"),
        ({"LANG": "en_US.UTF-8"}, "utf-8"),
        ({"LANG": "en_US.utf8"}, "utf-8"),
        ({"LANG": "de_DE.UTF-8@euro"}, "utf-8"),
        ({"LANG": "de_DE@euro"}, "ascii"),
        ({"LANG": "en_US.ISO-8859-1"}, "ascii"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": "C"}, "ascii"),
        ({"LANG": "en_US.UTF-8", "LC_ALL": ""}, "utf-8"),
        ({"LANG": "C", "LC_CTYPE": "C.UTF-8"}, "ascii"),
        ({"LC_CTYPE": "C.UTF-8"}, "utf-8"),
        ({"LANG": "C", "LC_CTYPE": "en_US.UTF-8"}, "utf-8"),
    ],
)
def test_encoding(environ: dict[str, str], expected: str) -> None:
    assert encoding(environ) == expected


def test_no_terminal_on_stdin() -> None:
    command = [sys.executable, "-c", CHECK]
    done = subprocess.run(
        command, cwd=ROOT, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True, check=True
    )
    assert done.stdout == "stdin is not a terminal: use `twtop snapshot` for output without the screen\n"


def test_no_terminal_on_stdout() -> None:
    with Terminal(["sh", "-c", f'"{sys.executable}" -c "{CHECK}" | cat']) as terminal:
        terminal.wait_text("stdout is not a terminal")


@pytest.mark.parametrize(
    ("term", "said"), [("xterm", "a terminal"), ("dumb", "TERM=dumb cannot place the cursor")]
)
def test_the_kind_of_terminal(term: str, said: str) -> None:
    with Terminal([sys.executable, "-c", CHECK], environ={"TERM": term}) as terminal:
        terminal.wait_text(said)
