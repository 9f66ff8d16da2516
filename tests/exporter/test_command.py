"""``twtop exporter`` as people and systemd run it."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import ExitStack, closing
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import pytest

pytest.importorskip("prometheus_client", reason="the extra twtop[exporter] is not installed")

from tests.warm import COLD, TWTOP
from twtop.errors import HostError, UsageError
from twtop.exporter.listening import endpoint, listen

if TYPE_CHECKING:
    from pathlib import Path

EXPORTER = (*TWTOP, "exporter")
WITHOUT = "import sys; sys.modules[{!r}] = None; from twtop.__main__ import main; sys.exit(main())"


def complaint(*command: str) -> str:
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert re.fullmatch(r"twtop: .+\n", ended.stderr)
    return ended.stderr


@pytest.mark.parametrize(("number", "status"), [(signal.SIGTERM, 0), (signal.SIGINT, 130)])
def test_it_answers_on_loopback_until_a_signal_ends_it(number: signal.Signals, status: int) -> None:
    with subprocess.Popen(
        [*EXPORTER, "--listen", "127.0.0.1:0"], stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stderr is not None
        told = re.fullmatch(
            r"twtop: metrics at (http://127\.0\.0\.1:\d+/metrics)\n", process.stderr.readline()
        )
        assert told is not None
        # The connection is still open when the signal comes.
        with urllib.request.urlopen(told[1], timeout=100) as page:  # noqa: S310 - http, as found above
            assert b"twtop_look_success 1.0" in page.read()
            process.send_signal(number)
            assert (process.stderr.read(), process.wait(100)) == ("", status)


def test_it_answers_where_it_may_open_few_files() -> None:
    few = ("sh", "-c", 'ulimit -n 40; exec "$@"', "sh", *COLD, "exporter", "--listen", "127.0.0.1:0")
    with subprocess.Popen(few, stderr=subprocess.PIPE, text=True) as process, ExitStack() as silent:
        assert process.stderr is not None
        url = process.stderr.readline().split()[-1]
        end = urlsplit(url)
        for _ in range(60):
            silent.enter_context(socket.create_connection((end.hostname, end.port)))
        with urllib.request.urlopen(url, timeout=100) as page:  # noqa: S310 - http, as above
            assert b"twtop_look_success 1.0" in page.read()
        process.terminate()
        assert (process.stderr.read(), process.wait(100)) == ("", 0)


def test_a_port_that_is_taken() -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as other:
        taken = f"127.0.0.1:{other.getsockname()[1]}"
        assert complaint(*EXPORTER, "--listen", taken) == (
            f"twtop: cannot listen on {taken}: address already in use\n"
        )
        with pytest.raises(HostError, match=r"address already in use$"):
            listen(f":{other.getsockname()[1]}")


@pytest.mark.parametrize(
    "text", ["", "9797", "127.0.0.1", "::1:9797", "a:b", "[::1:1", "1.2.3.4:65536", "\x1b[31m:1"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(UsageError, match="--listen: ") as caught:
        listen(text)
    assert str(caught.value).isprintable()


def test_an_address_of_another_host() -> None:
    with pytest.raises(HostError, match="cannot assign requested address"):
        listen("198.51.100.7:0")


def test_a_host_that_nobody_knows() -> None:
    with pytest.raises(UsageError, match=r"--listen: cannot find the address 'no\.\.host'"):
        listen("no..host:9797")


def test_all_addresses_only_when_asked() -> None:
    with closing(listen(":0")) as everywhere:
        assert endpoint(everywhere).startswith(("[::]:", "0.0.0.0:"))
        port = everywhere.getsockname()[1]
        socket.create_connection(("127.0.0.1", port)).close()
    with closing(listen("localhost:0")) as local:
        assert endpoint(local).startswith(("127.0.0.1:", "[::1]:"))


def test_ipv6() -> None:
    try:
        listener = listen("[::1]:0")
    except HostError as error:
        pytest.skip(str(error))
    with closing(listener):
        assert endpoint(listener).startswith("[::1]:")


@pytest.mark.parametrize("top", ["-1", "101", "ten", "1e2", "9999999999"])
def test_how_many_are_named_has_a_limit(top: str) -> None:
    assert "argument --top: expected a number from 0 to 100" in complaint(*EXPORTER, "--top", top)


def test_a_web_config_file_that_is_not_there(tmp_path: Path) -> None:
    said = complaint(*EXPORTER, "--web.config.file", str(tmp_path / "web.yml"))
    assert said == f"twtop: {tmp_path}/web.yml: no such file or directory\n"


@pytest.mark.parametrize("module", ["prometheus_client", "yaml", "bcrypt"])
def test_without_the_extra(module: str, tmp_path: Path) -> None:
    config = tmp_path / "web.yml"
    config.write_text("")
    said = complaint(sys.executable, "-c", WITHOUT.format(module), "exporter", "--web-config", str(config))
    needed = "twtop exporter needs the extra: pip install 'twtop[exporter]'"
    assert said == f"twtop: {module} is not installed; {needed}\n"


def test_files_are_printed_without_the_extra() -> None:
    command = (sys.executable, "-c", WITHOUT.format("prometheus_client"), "exporter", "--print-alerts")
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "alert: TwtopPortsNearlyGone" in ended.stdout
