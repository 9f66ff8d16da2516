"""The scripts of completion in the shells themselves, with the tab key pressed at several cursors."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.pty.terminal import Terminal
from tests.warm import TWTOP
from twtop.packaging.completion import SHELLS, script

if TYPE_CHECKING:
    from collections.abc import Iterator

_START = {
    "bash": ("bash", "--noprofile", "--rcfile", "{home}/rc", "-i"),
    "zsh": ("zsh", "-d", "-i"),
    "fish": ("fish", "--no-config", "--init-command", "source {home}/rc"),
}
_READ = {
    "bash": "PS1='ready> '\nbind 'set show-all-if-ambiguous on'\nsource <(twtop completion bash)\n",
    "zsh": "PS1='ready> '\nautoload -Uz compinit\ncompinit -D -u\nsource <(twtop completion zsh)\n",
    "fish": "function fish_prompt; echo 'ready> '; end\ntwtop completion fish | source\n",
}
_DESCRIBED = {"zsh": " *-- ", "fish": r" *\("}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A home with a ``bin/twtop`` that is this one, and with two files."""
    program = tmp_path / "bin" / "twtop"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.join(TWTOP)} "$@"\n')
    program.chmod(0o755)
    (tmp_path / "incident-7.twtop").touch()
    (tmp_path / "incidents of may").mkdir()
    return tmp_path


@contextmanager
def shell(name: str, home: Path, read: str = "") -> Iterator[Terminal]:
    """A shell that has read the script, at its prompt."""
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed")
    for file in ("rc", ".zshrc"):
        (home / file).write_text(f"{read or _READ[name]}cd '{home}'\n")
    environ = {
        "HOME": str(home),
        "ZDOTDIR": str(home),
        "XDG_CONFIG_HOME": str(home),
        "XDG_DATA_HOME": str(home),
        "PATH": f"{home / 'bin'}:{os.environ['PATH']}",
    }
    command = [word.format(home=home) for word in _START[name]]
    with Terminal(command, columns=120, rows=40, environ=environ) as terminal:
        terminal.wait_text(r"(?m)^ready>")
        yield terminal


def pressed(terminal: Terminal, line: str, expected: str) -> None:
    """Type a line, press tab and go on typing; wait for what is expected, and leave the line."""
    terminal.send(f"{line}\t@")
    terminal.wait_text(expected)
    terminal.send("\x15\r")
    terminal.wait_text(r"ready>\s*$")


@pytest.mark.parametrize("name", SHELLS)
def test_one_word_is_completed_on_the_line(name: str, home: Path) -> None:
    with shell(name, home) as terminal:
        pressed(terminal, "twtop snaps", r"ready> twtop snapshot @")
        pressed(terminal, "twtop snapshot --own", r"twtop snapshot --owners @")
        pressed(terminal, "twtop --by state,remote-n", r"--by state,remote-network @")
        pressed(terminal, "twtop --by=state,remote-n", r"--by=state,remote-network @")
        pressed(terminal, "twtop snapshot --format js", r"--format json @")
        pressed(terminal, "twtop --filter 'state syn-se", r"--filter 'state syn-sent\S* ?@")
        pressed(terminal, "~/bin/twtop explain tcp_fin", r"explain tcp_fin_timeout @")
        pressed(terminal, "twtop explain 'time l", r"explain 'time left' ?@")
        pressed(terminal, "twtop --config incident-", r"--config incident-7.twtop @")
        pressed(terminal, "twtop --config=incident-", r"--config=incident-7.twtop @")
        pressed(terminal, "twtop --config incidents", r"--config incidents\\ of\\ may/@")


@pytest.mark.parametrize("name", SHELLS)
@pytest.mark.parametrize(
    ("line", "word", "about"),
    [
        ("twtop ", "snapshot", "Print the TCP states"),
        ("twtop --theme nord --c", "--columns", "columns of the"),
    ],
    ids=["commands", "options"],
)
def test_several_words_are_listed(name: str, line: str, word: str, about: str, home: Path) -> None:
    with shell(name, home) as terminal:
        terminal.send(f"{line}\t")
        terminal.wait_text(f"{word} +[a-z-]" if name == "bash" else f"{word}{_DESCRIBED[name]}{about}")


def test_zsh_loads_it_by_the_name_of_its_file(home: Path) -> None:
    functions = home / "functions"
    functions.mkdir()
    (functions / "_twtop").write_text(script("zsh"))
    read = f"PS1='ready> '\nfpath=({functions} $fpath)\nautoload -Uz compinit\ncompinit -D -u\n"
    with shell("zsh", home, read) as terminal:
        # Loaded at the first press, and already there at the second.
        for _ in range(2):
            pressed(terminal, "twtop doctor --w", r"twtop doctor --watch @")


def test_bash_completes_it_behind_another_command(home: Path) -> None:
    helper = Path("/usr/share/bash-completion/bash_completion")
    if not helper.exists():
        pytest.skip("bash-completion is not installed")
    folder = home / "bash-completion" / "completions"
    folder.mkdir(parents=True)
    (folder / "twtop").write_text(script("bash"))
    # It is loaded from $XDG_DATA_HOME, as it is from the prefix of an installation.
    with shell("bash", home, f"PS1='ready> '\nsource {helper}\n") as terminal:
        pressed(terminal, "sudo twtop --by=state,remote-n", r"--by=state,remote-network @")


@pytest.mark.parametrize("name", SHELLS)
def test_the_script_has_no_mistake_and_does_nothing_when_it_is_read(name: str, tmp_path: Path) -> None:
    if not shutil.which(name):
        pytest.skip(f"{name} is not installed")
    file = tmp_path / "script"
    file.write_text(script(name))
    subprocess.run([name, "-n", file], check=True)
    if name == "bash":
        # No twtop is there to ask: there are no words, and nothing is said.
        asked = (
            f"source {file}; COMP_WORDS=(twtop ''); COMP_CWORD=1; PATH=; _twtop twtop; echo ${{#COMPREPLY}}"
        )
        ended = subprocess.run(["bash", "-c", asked], capture_output=True, text=True, check=True)
        assert (ended.stdout, ended.stderr) == ("0\n", "")
