"""``twtop doctor`` as scripts and people run it, in hosts of the lab."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.warm import TWTOP
from twtop.core.states import State
from twtop.diagnosis.rules import RULES
from twtop.lab.host import endpoint
from twtop.lab.specimen import wait_for_state

if TYPE_CHECKING:
    from collections.abc import Iterator

    from twtop.lab.lab import Lab

DOCTOR = (*TWTOP, "doctor")


def start(lab: Lab, *arguments: str, stderr: int = subprocess.PIPE) -> subprocess.Popen[str]:
    with lab.server.entered():
        return subprocess.Popen(
            [*DOCTOR, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
        )


def run(lab: Lab, *arguments: str) -> tuple[int, str, str]:
    with start(lab, *arguments) as doctor:
        out, err = doctor.communicate(timeout=100)
    return doctor.returncode, out, err


def run_together(lab: Lab, *calls: tuple[str, ...]) -> list[tuple[int, str]]:
    """Status and output of several, which take as long as one."""
    doctors = [start(lab, *arguments) for arguments in calls]
    outputs = [doctor.communicate(timeout=100)[0] for doctor in doctors]
    return [(doctor.returncode, out) for doctor, out in zip(doctors, outputs, strict=True)]


@contextmanager
def leaking(lab: Lab) -> Iterator[int]:
    """Let a server forget to close a connection every moment, then close them all; yield its port."""
    listener = lab.server.listen(8080)
    ended = threading.Event()
    leaked = []

    def leak() -> None:
        for _ in range(600):
            if ended.wait(0.1):
                return
            client = lab.client.connect(*endpoint(listener))
            leaked.append(lab.server.accept(listener))
            client.close()
            wait_for_state(leaked[-1], State.CLOSE_WAIT)

    thread = threading.Thread(target=leak)
    thread.start()
    try:
        yield 8080
    finally:
        ended.set()
        thread.join()
        for accepted in leaked:
            accepted.close()


def test_a_host_without_trouble(lab: Lab) -> None:
    lab.server.listen()
    status, out, err = run(lab)
    assert (status, err) == (0, "")
    assert out.startswith("Nothing is wrong that twtop knows of (")


def test_trouble_in_text_and_json(lab: Lab) -> None:
    with leaking(lab) as port:
        (status, out), (json_status, text) = run_together(
            lab, ("--seconds", "4"), ("--seconds", "4", "--format", "json")
        )
    assert status == json_status == 1
    assert out.startswith("1 finding: 1 warning (")
    assert f"close-wait-leak port {port}: warning, for " in out
    assert "\nDon't\n" in out
    document = json.loads(text)
    assert document["schema"] == 1
    assert document["seconds"] >= 4
    (finding,) = document["findings"]
    assert (finding["rule"], finding["subject"]) == ("close-wait-leak", f"port {port}")
    assert finding["filter"] == f"state close-wait and sport = :{port}"
    assert finding["sockets"] > 3
    # Those that came since a moment may not be found yet.
    owner = f"held by {Path('/proc/self/comm').read_text().strip()}[{os.getpid()}]"
    assert any(line.startswith(owner) for line in finding["evidence"])


def test_of_several_troubles_each_has_a_line_before_all_is_told(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    lab.server.sysctl("net.ipv4.tcp_rfc1337", 1)
    lab.server.sysctl("net.ipv4.tcp_fin_timeout", 75)
    monkeypatch.setenv("COLUMNS", "60")
    status, out, _ = run(lab)
    assert status == 1
    overview, first, _ = out.split("\n\n", 2)
    assert overview.startswith("2 findings: 1 warning, 1 note (")
    assert overview.splitlines()[-4:] == [
        "  warning   tcp_fin_timeout 75: FIN-WAIT-2 orphans live 30",
        "            s, less than with 60",
        "  note      tcp_rfc1337 is on: a client that meets its own",
        "            TIME-WAIT times out",
    ]
    assert first.startswith("fin-timeout-above-60: warning, for ")


def test_a_filter_leaves_out_what_is_about_other_sockets(lab: Lab) -> None:
    with leaking(lab) as port:
        about, other = run_together(
            lab,
            ("--seconds", "4", "--filter", f"sport = :{port}"),
            ("--seconds", "4", "--filter", "sport = :1"),
        )
    assert (about[0], other[0]) == (1, 0)


def test_watching_tells_what_comes_and_goes(lab: Lab) -> None:
    with start(lab, "--watch", "--format", "json") as doctor:
        assert doctor.stdout is not None
        with leaking(lab):
            found = json.loads(doctor.stdout.readline())
        over = json.loads(doctor.stdout.readline())
        doctor.send_signal(signal.SIGINT)
        _, err = doctor.communicate(timeout=100)
    assert (found["event"], over["event"]) == ("found", "over")
    assert found["finding"]["rule"] == over["finding"]["rule"] == "close-wait-leak"
    assert (doctor.returncode, err) == (130, "")


@pytest.mark.parametrize(
    ("arguments", "watched"),
    [((), "all sockets"), (("--filter", "sport = 8080"), "sockets that match sport = :8080")],
)
def test_watching_says_at_a_terminal_that_it_does(lab: Lab, arguments: tuple[str, ...], watched: str) -> None:
    """And nothing on standard output while nothing is wrong."""
    lab.server.listen()
    master, slave = os.openpty()
    with (
        start(lab, "--watch", *arguments, stderr=slave) as doctor,
        os.fdopen(master, encoding="utf-8") as terminal,
    ):
        os.close(slave)
        told = terminal.readline()
        doctor.send_signal(signal.SIGINT)
        assert doctor.stdout is not None
        assert doctor.stdout.read() == ""
    assert told == f"twtop: watching {watched} every 1 s until ctrl+c: nothing is wrong so far\n"
    assert doctor.returncode == 130


def test_watching_says_at_a_terminal_how_much_is_wrong_already(lab: Lab) -> None:
    listener = lab.server.listen(8080, backlog=16)
    for _ in range(12):
        lab.client.connect(*endpoint(listener))
    master, slave = os.openpty()
    with start(lab, "--watch", stderr=slave) as doctor, os.fdopen(master, encoding="utf-8") as terminal:
        os.close(slave)
        assert terminal.readline().endswith(": 1 found so far\n")
        assert doctor.stdout is not None
        assert "8080" in doctor.stdout.readline()
        doctor.send_signal(signal.SIGINT)


def test_watching_tells_what_gets_worse(lab: Lab) -> None:
    """A queue that is nearly full becomes one that drops connections."""
    listener = lab.server.listen(8080, backlog=16)
    waiting = [lab.client.connect(*endpoint(listener)) for _ in range(12)]
    with start(lab, "--watch", "--format", "json") as doctor:
        assert doctor.stdout is not None
        found = json.loads(doctor.stdout.readline())
        waiting += [lab.client.connect(*endpoint(listener)) for _ in range(5)]
        waiting += [lab.client.connect(*endpoint(listener), wait=False) for _ in range(3)]
        worse = json.loads(doctor.stdout.readline())
        doctor.send_signal(signal.SIGINT)
        doctor.communicate(timeout=100)
    assert (found["event"], found["finding"]["severity"]) == ("found", "note")
    assert worse["event"] == "worse"
    assert worse["finding"]["severity"] in {"warning", "critical"}
    assert {made["finding"]["filter"] for made in (found, worse)} == {found["finding"]["filter"]}


def test_watching_ends_with_its_reader(lab: Lab) -> None:
    with start(lab, "--watch") as doctor:
        assert doctor.stdout is not None
        doctor.stdout.close()
        doctor.stdout = None
        # There is something to tell, and nobody to tell it to.
        with leaking(lab):
            doctor.wait(timeout=100)
    assert doctor.returncode == -signal.SIGPIPE


@pytest.mark.parametrize("style", ["text", "json"])
def test_the_list_of_rules(lab: Lab, style: str) -> None:
    status, out, err = run(lab, "--rules", "--format", style)
    assert (status, err) == (0, "")
    if style == "text":
        assert all(f"{name}: {rule.title}\n" in out for name, rule in RULES.items())
        return
    listed: list[dict[str, Any]] = json.loads(out)["rules"]
    assert [rule["name"] for rule in listed] == list(RULES)
    assert all(rule["threshold"] and rule["inputs"] for rule in listed)
    assert any(not rule["missing"] for rule in listed)


def test_rules_that_need_what_only_the_machine_has_say_so(lab: Lab) -> None:
    listed = json.loads(run(lab, "--rules", "--format", "json")[1])["rules"]
    for rule in listed:
        machine_wide = {"net.ipv4.tcp_max_orphans", "net.ipv4.tcp_mem"} & set(rule["inputs"])
        assert bool(machine_wide) <= bool(rule["missing"])
