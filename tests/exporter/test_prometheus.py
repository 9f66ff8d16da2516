"""A real Prometheus server scrapes a real exporter of a host whose ports run out, and an alert fires."""

from __future__ import annotations

import http.client
import json
import re
import shutil
import subprocess
import time
from contextlib import closing, contextmanager
from http import HTTPStatus
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

pytest.importorskip("prometheus_client", reason="the extra twtop[exporter] is not installed")

import bcrypt

from tests.exporter.test_command import EXPORTER
from tests.exporter.test_files import queries
from twtop.lab.host import endpoint

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from twtop.lab.host import Host
    from twtop.lab.lab import Lab

PATIENCE_S = 60.0
CONFIG = """\
global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [alerts.yml]
scrape_configs:
  - job_name: twtop
    scheme: https
    tls_config: {{ca_file: {authority}}}
    basic_auth: {{username: prometheus, password: secret}}
    static_configs: [{{targets: ["{target}"]}}]
"""

WEB_CONFIG = """\
tls_server_config: {{cert_file: server.pem, key_file: server.key}}
basic_auth_users: {{prometheus: {password}}}
"""

pytestmark = pytest.mark.skipif(
    shutil.which("prometheus") is None, reason="prometheus (Debian package of that name) is not installed"
)


@contextmanager
def exporter(host: Host, certificates: Path) -> Iterator[str]:
    """Let an exporter run inside a host, for who knows a password; yield where it answers."""
    config = certificates / "web.yml"
    config.write_text(WEB_CONFIG.format(password=bcrypt.hashpw(b"secret", bcrypt.gensalt(4)).decode()))
    command = [*EXPORTER, "--listen", "127.0.0.1:9797", "--web.config.file", str(config)]
    with host.entered():
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr is not None
        first = process.stderr.readline()
        found = re.fullmatch(r"twtop: metrics at https://(127\.0\.0\.1:\d+)/metrics\n", first)
        assert found is not None, first
        yield found[1]
        process.terminate()
        assert (process.stderr.read(), process.wait(100)) == ("", 0)
    finally:
        process.kill()
        process.communicate()


@contextmanager
def prometheus(host: Host, folder: Path, target: str, authority: Path) -> Iterator[None]:
    """Let a Prometheus server run inside a host, with our alerts but for the time that they wait."""
    (folder / "prometheus.yml").write_text(CONFIG.format(target=target, authority=authority))
    alerts = files("twtop.exporter").joinpath("alerts.yml").read_text()
    (folder / "alerts.yml").write_text(re.sub(r"for: \w+", "for: 0s", alerts))
    options = (
        "--config.file=prometheus.yml",
        "--storage.tsdb.path=data",
        "--web.listen-address=127.0.0.1:9090",
    )
    with host.entered(), (folder / "log").open("w") as log:
        process = subprocess.Popen(["prometheus", *options], cwd=folder, stdout=log, stderr=log)
    try:
        yield
    finally:
        process.kill()
        process.wait()


class Api:
    """What a Prometheus server inside a host is asked: over one connection, ports are scarce there."""

    def __init__(self, host: Host) -> None:
        self._host = host
        self._connection = http.client.HTTPConnection("127.0.0.1", 9090)

    def close(self) -> None:
        self._connection.close()

    def ask(self, path: str) -> Any:
        """Return the data of an answer; None as long as it does not answer."""
        try:
            with self._host.entered():
                self._connection.request("GET", f"/api/v1/{path}")
            response = self._connection.getresponse()
            body = response.read()
        except OSError:
            self.close()
            return None
        if response.status == HTTPStatus.SERVICE_UNAVAILABLE:
            return None
        answer = json.loads(body)
        assert answer["status"] == "success", answer
        return answer["data"]


def wait_for(find: Callable[[], Any], log: Path) -> Any:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := find()):
        assert time.monotonic() < deadline, log.read_text()
        time.sleep(0.5)
    return found


def test_an_alert_fires(lab: Lab, tmp_path: Path, certificates: Path) -> None:
    lab.client.sysctl("net.ipv4.ip_local_port_range", "40000 40019")
    listener = lab.server.listen()
    for _ in range(19):
        lab.client.connect(*endpoint(listener))
    remote = f"{lab.server.address()}:{endpoint(listener)[1]}"
    with (
        exporter(lab.client, certificates) as target,
        prometheus(lab.client, tmp_path, target, certificates / "authority.pem"),
        closing(Api(lab.client)) as api,
    ):

        def firing() -> dict[str, Any]:
            alerts = (api.ask("alerts") or {}).get("alerts", [])
            return {alert["labels"]["alertname"]: alert for alert in alerts if alert["state"] == "firing"}

        alert = wait_for(lambda: firing().get("TwtopPortsNearlyGone"), tmp_path / "log")
        assert alert["labels"]["instance"] == target
        assert alert["labels"]["severity"] in ("warning", "critical")
        assert f"{lab.client.address()} to {remote} 95%;" in alert["annotations"]["description"]
        assert "a pool" in alert["annotations"]["action"]
        assert "TwtopLookFailed" not in firing()
        (scraped,) = api.ask("targets")["activeTargets"]
        assert (scraped["health"], scraped["lastError"]) == ("up", "")
        for query in queries():
            assert api.ask(f"query?query={quote(query)}") is not None
        (groups,) = api.ask("rules")["groups"]
        assert {(rule["name"], rule["health"]) for rule in groups["rules"] if rule["health"] != "ok"} == set()
