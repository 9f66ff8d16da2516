from __future__ import annotations

import ast
import os
import re
import shlex
import signal
import subprocess
import sys
from datetime import datetime
from importlib.metadata import entry_points
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

import twtop
from tests.sources.replay.tapes import incident
from tests.warm import TWTOP
from twtop.cli import parsers
from twtop.core.table.fields import FIELDS
from twtop.core.table.keys import DEFAULT_KEYS, KEYS
from twtop.export.table import OF_ONE_INSTANT

if TYPE_CHECKING:
    from twtop.lab.lab import Lab

HEAVY = ("numpy", "textual", "pyroute2", "psutil", "plotext")
NOBODY = 65534
PARSERS = parsers()
README = Path(__file__).parents[1] / "README.md"


def run(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*TWTOP, *arguments],
        env={**os.environ, **environment},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )


BAD = [
    (["--interval", "0.05"], "argument --interval: expected seconds from 0.1 to 3600, found '0.05'"),
    (["--interval", "3601"], "argument --interval: expected seconds from 0.1 to 3600, found '3601'"),
    (["--interval", "nan"], "argument --interval: expected seconds from 0.1 to 3600, found 'nan'"),
    (["--interval", "inf"], "argument --interval: expected seconds from 0.1 to 3600, found 'inf'"),
    (["--interval", "-1"], "argument --interval: expected seconds from 0.1 to 3600, found '-1'"),
    (["--interval", "1s"], "argument --interval: expected seconds from 0.1 to 3600, found '1s'"),
    (["--interval", ""], "argument --interval: expected seconds from 0.1 to 3600, found ''"),
    (["--interval"], "argument --interval: expected one argument"),
    (["demo", "--interval", "0"], "argument --interval: expected seconds from 0.1 to 3600, found '0'"),
    (["--cpu-budget", "0"], "argument --cpu-budget: expected percent from 1 to 100, found '0'"),
    (["--cpu-budget", "101"], "argument --cpu-budget: expected percent from 1 to 100, found '101'"),
    (["--int", "2"], "unrecognized arguments: --int"),
    (["--by", "state,color"], "--by: there is no key 'color'; the keys are state, peer,"),
    (["--by", ""], "--by: there is no key ''; the keys are state, peer,"),
    (["--by", "peer,state,peer"], "--by: 'peer' is there twice"),
    (["--sort", "age"], "--sort: there is no field 'age'; the fields are sockets, born,"),
    (["--filter", "dport = :99999"], "filter, column 10: "),
    (["--filter", "state nowhere"], "filter, column 7: "),
    (["--filter", "( sport = :1"], "filter, column 1: "),
    (["explode"], "there is no command 'explode'; the commands are snapshot, watch, record, doctor"),
    (["--filter", "time-wait", "snapshot"], "a command comes first: twtop snapshot ..."),
    (["snapshot", "--by", "process"], "--by: there is no key 'process'"),
    (["snapshot", "--sort", "born"], "--sort: there is no field 'born'; the fields are sockets, soon,"),
    (["snapshot", "--filter", "dst 10.0.0.1/33"], "filter, column 5: "),
    (["snapshot", "--format", "xml"], "argument --format: invalid choice: 'xml'"),
    (["snapshot", "--interval", "2"], "unrecognized arguments: --interval 2"),
    (["snapshot", "now"], "unrecognized arguments: now"),
    (["snapshot", "--limit", "0"], "argument --limit: expected a number from 1 to 999999999, found '0'"),
    (["snapshot", "--limit", "²"], "argument --limit: expected a number from 1 to 999999999, found '²'"),
    (["watch", "--interval", "0"], "argument --interval: expected seconds from 0.1 to 3600, found '0'"),
    (["watch", "--count", "0"], "argument --count: expected a number from 1 to 999999999, found '0'"),
    (["watch", "--format", "json"], "argument --format: invalid choice: 'json'"),
    (["watch", "--limit", "3"], "--limit is about groups; say with --by what to group by"),
    (["watch", "--by", "state", "--sort", "age"], "--sort: there is no field 'age'; the fields are sockets,"),
    (["doctor", "--seconds", "0"], "argument --seconds: expected seconds from 1 to 3600, found '0'"),
    (["doctor", "--watch", "--seconds", "3"], "--seconds and --watch contradict each other"),
    (["doctor", "--filter", "state nowhere"], "filter, column 7: "),
    (["doctor", "--format", "csv"], "argument --format: invalid choice: 'csv'"),
    (["explain", "time-wiat"], "nothing to explain about 'time-wiat': did you mean TIME-WAIT?"),
    (
        ["explain", "tcp_tw_recicle"],
        "nothing to explain about 'tcp_tw_recicle': did you mean net.ipv4.tcp_tw",
    ),
    (["explain", "xyzzy"], "nothing to explain about 'xyzzy': 'twtop explain' lists what there is"),
    (["--x\x1b[2J\n\u202e"], "unrecognized arguments: --x?[2J??; see `twtop --help`"),
    (["expl\x1bain"], "there is no command 'expl"),
]


@pytest.mark.parametrize(("arguments", "complaint"), BAD, ids=[repr(" ".join(words)) for words, _ in BAD])
def test_bad_input_is_one_line_and_status_2(arguments: list[str], complaint: str) -> None:
    ended = run(*arguments)
    first, _, rest = ended.stderr.partition("\n")
    assert first.startswith(f"twtop: {complaint}")
    assert (ended.stdout, ended.returncode) == ("", 2)
    assert not re.search(r"[\x00-\x09\x0b-\x1f]", ended.stderr)
    if "--filter" not in arguments or complaint.startswith("a command"):
        assert rest == ""


def test_a_wrong_filter_is_pointed_at() -> None:
    ended = run("snapshot", "--filter", "dport = :443 and sprot = :1")
    assert ended.stderr.splitlines()[1:] == ["  dport = :443 and sprot = :1", "  " + " " * 17 + "^^^^^"]
    assert (ended.stdout, ended.returncode) == ("", 2)


@pytest.mark.parametrize("command", [[], ["demo"]], ids=["twtop", "demo"])
def test_the_screen_needs_a_terminal(command: list[str]) -> None:
    ended = run(*command)
    assert ended.stderr == (
        "twtop: stdin is not a terminal: use `twtop snapshot` for output without the screen\n"
    )
    assert (ended.stdout, ended.returncode) == ("", 2)


LIGHT = ["--help", "--version", "snapshot -h", "explain --help", "demo --help", "watch -h"]
PRINTING = ["snapshot", "snapshot --format json", "explain estab", "watch --count 1"]


@pytest.mark.parametrize(("lines", "heavy"), [(LIGHT, HEAVY), (PRINTING, HEAVY[1:])], ids=["help", "prints"])
def test_what_only_prints_is_light(lines: list[str], heavy: tuple[str, ...]) -> None:
    """One process for all: what one of them imported would be there at the end, too."""
    script = f"""
import sys
from contextlib import suppress
from twtop.__main__ import main
for line in {lines!r}:
    sys.argv[1:] = line.split()
    with suppress(SystemExit):
        main()
    print("printed by", line)
    sys.stderr.writelines(f"{{module}} by {{line}}" for module in {heavy!r} if module in sys.modules)
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    for line in lines:
        printed, _, ended.stdout = ended.stdout.partition(f"printed by {line}\n")
        assert printed, line
    assert ended.stderr == ""


@pytest.mark.parametrize("command", [[name] if name else [] for name in PARSERS], ids=" ".join)
def test_help_fits_80_columns_and_has_what_it_needs(command: list[str]) -> None:
    ended = run(*command, "--help", COLUMNS="80", NO_COLOR="1")
    assert (ended.stderr, ended.returncode) == ("", 0)
    assert [line for line in ended.stdout.splitlines() if len(line) > 80] == []
    assert ended.stdout.startswith(f"usage: {' '.join(['twtop', *command])} [")


@pytest.mark.parametrize(
    ("command", "fields"),
    [([], list(FIELDS)), (["snapshot"], [field.name for field in OF_ONE_INSTANT])],
    ids=["screen", "snapshot"],
)
def test_help_names_every_key_and_field(command: list[str], fields: list[str]) -> None:
    text = " ".join(run(*command, "--help", NO_COLOR="1").stdout.split())
    assert f"KEYS of {', '.join(KEYS)};" in text
    assert f"FIELD one of {', '.join(fields)} " in text
    assert f"(default: {','.join(DEFAULT_KEYS)})" in text


def read(line: str) -> None:
    """Let the parser of a command read a line of a shell, as far as that is twtop's."""
    lexer = shlex.shlex(line, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    _, *words = takewhile(lambda word: word not in ("|", ">", ">>"), lexer)
    named = bool(words) and words[0] in PARSERS
    PARSERS[words[0] if named else ""].parse_args(words[1:] if named else words)


@pytest.mark.parametrize("command", PARSERS)
def test_every_example_can_be_read(command: str) -> None:
    text = PARSERS[command].format_help()
    lines = [line for line in text.splitlines() if line.startswith("  twtop")]
    assert lines or "examples:" not in text
    for line in lines:
        read(line)


def test_every_command_of_the_readme_can_be_read() -> None:
    blocks = re.findall(r"```sh\n(.*?)```", README.read_text(), re.DOTALL)
    lines = [line for line in "".join(blocks).splitlines() if line.startswith("twtop ")]
    assert len(lines) > 30
    for line in lines:
        read(line)


def examples() -> list[str]:
    texts = [run(*command, "--help", NO_COLOR="1").stdout for command in ([], ["snapshot"], ["explain"])]
    return [line.strip() for text in texts for line in text.splitlines() if line.startswith("  twtop ")]


def test_every_example_works(tmp_path: Path) -> None:
    assert len(examples()) > 10
    incident(tmp_path / "incident.twtop", datetime(2026, 11, 21, 14, 5).timestamp())
    for line in examples():
        command = line.partition("|")[0].partition(">")[0]
        ended = subprocess.run(
            ["sh", "-c", command.replace("twtop", 'exec "$@"', 1), "sh", *TWTOP],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if line.split()[1:2] in (["snapshot"], ["explain"]):
            # Some processes or namespaces cannot be read here, perhaps; then it says so.
            assert re.sub("twtop: (owners of|namespace) .*\n", "", ended.stderr) == "", line
            assert ended.returncode == 0, line
        else:
            assert ended.stderr.startswith("twtop: stdin is not a terminal"), line


def test_version() -> None:
    ended = run("--version")
    assert (ended.stdout, ended.stderr, ended.returncode) == (f"twtop {twtop.__version__}\n", "", 0)


def test_the_installed_command_is_this_one() -> None:
    (script,) = entry_points(group="console_scripts", name="twtop") or pytest.skip("twtop is not installed")
    assert script.value == "twtop.__main__:main"


def test_explain_lists_and_explains() -> None:
    listed = run("explain").stdout
    assert "TIME-WAIT" in listed
    assert "tcp_tw_reuse" in listed
    explained = run("explain", "Time_Wait", COLUMNS="60").stdout
    assert explained.startswith("TIME-WAIT: ")
    assert max(map(len, explained.splitlines())) <= 60
    assert run("explain", "send", "queue").stdout == run("explain", "send queue").stdout


def test_explain_knows_the_rules_as_doctor_names_them() -> None:
    assert "\nRules\n  tcp-memory: " in run("explain").stdout
    explained = run("explain", "connect-slow").stdout
    assert explained.startswith("connect-slow: connect() searches long for a port\n\nFires\n  When ")
    assert run("explain", "Connect_Slow").stdout == explained


def test_explain_tells_the_values_of_the_namespace(lab: Lab) -> None:
    lab.client.sysctl("net.ipv4.tcp_fin_timeout", 33)
    text = lab.client.run([*TWTOP, "explain", "tcp_fin_timeout"]).stdout
    assert "net.ipv4.tcp_fin_timeout = 33 (" in " ".join(text.split())


def test_an_unprivileged_user_sees_the_same(lab: Lab) -> None:
    lab.pair()
    # Everything is imported before: the checkout may be one that only its owner can read.
    script = f"""
import os, sys
import locale, twtop.cli, twtop.commands.snapshot
from twtop.__main__ import main
if sys.argv.pop() == "nobody":
    os.setgroups([])
    os.setresgid({NOBODY}, {NOBODY}, {NOBODY})
    os.setresuid({NOBODY}, {NOBODY}, {NOBODY})
sys.exit(main())
"""
    if os.geteuid() != 0:
        pytest.skip("only root can become somebody else")
    command = [sys.executable, "-c", script, "snapshot", "--sockets", "--format", "csv"]
    root, nobody = (lab.client.run([*command, user]) for user in ("root", "nobody"))
    assert (root.stderr, nobody.stderr) == ("", "")
    assert "ESTAB" in root.stdout
    assert root.stdout == nobody.stdout


def test_an_old_python_gets_as_far_as_the_complaint() -> None:
    main = Path(twtop.__file__).with_name("__main__.py")
    ast.parse(main.read_text(), feature_version=(3, 8))


def test_another_system_is_one_line() -> None:
    script = """
import sys
sys.platform = "darwin"
from twtop.__main__ import main
status = main()
assert "twtop.cli" not in sys.modules
sys.exit(status)
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert (ended.stdout, ended.stderr) == ("", "twtop: twtop needs Linux; this is darwin\n")
    assert ended.returncode == 2


def test_an_interruption_of_the_start_is_silent() -> None:
    """numpy, interrupted while it is imported, complains of a broken installation."""
    script = """
import os, signal, sys
import twtop.cli
class Interrupted:
    def find_spec(self, name, *_):
        if name == "numpy":
            try:
                os.kill(os.getpid(), signal.SIGINT)
                signal.pause()
            except KeyboardInterrupt:
                raise ImportError("numpy is broken")
sys.meta_path.insert(0, Interrupted())
sys.argv[1:] = ["watch"]
from twtop.__main__ import main
sys.exit(main())
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (ended.stdout, ended.stderr, ended.returncode) == (b"", b"", -signal.SIGINT)


def test_an_interruption_is_silent() -> None:
    script = """
import os, signal, sys
import twtop.cli
def interrupted(argv):
    os.kill(os.getpid(), signal.SIGINT)
    signal.pause()
twtop.cli.run = interrupted
from twtop.__main__ import main
sys.exit(main())
"""
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, check=False)
    assert (ended.stdout, ended.stderr, ended.returncode) == (b"", b"", 128 + signal.SIGINT)
