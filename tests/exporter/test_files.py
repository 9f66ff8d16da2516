"""The dashboard and the alerts that come with the package."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from importlib.resources import files
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.exporter.scraping import Scraper
from twtop.__main__ import main
from twtop.core.states import State
from twtop.diagnosis.finding import Severity
from twtop.diagnosis.rules import RULES
from twtop.exporter.page import metrics

if TYPE_CHECKING:
    from pathlib import Path

    from twtop.lab.lab import Lab

ALERTS = files("twtop.exporter").joinpath("alerts.yml").read_text()
DASHBOARD = files("twtop.exporter").joinpath("dashboard.json").read_text()
_METRIC = re.compile(r"\b(?:twtop|process)_[a-z_]+")
_SELECTED = re.compile(r'(\w+)(!=|=~|!~|=)\\?["\']([^"\'\\]*)')


def alerts() -> list[dict[str, Any]]:
    (group,) = yaml.safe_load(ALERTS)["groups"]
    found = group["rules"]
    assert isinstance(found, list)
    return found


def panels() -> list[dict[str, Any]]:
    found = json.loads(DASHBOARD)["panels"]
    assert isinstance(found, list)
    return found


def queries() -> list[str]:
    """What the dashboard asks, of all hosts."""
    found = [target["expr"] for panel in panels() for target in panel.get("targets", [])]
    return [re.sub(r"\$(instance|netns)", ".*", expr).replace("$__rate_interval", "5m") for expr in found]


def rules_of(alert: dict[str, Any]) -> set[str]:
    """The rules whose findings an alert is about."""
    rules: set[str] = set(RULES) if "twtop_findings" in alert["expr"] else set()
    for name, sign, value in _SELECTED.findall(alert["expr"]):
        if name == "rule":
            named = set(value.split("|"))
            assert named <= RULES.keys()
            rules = rules - named if sign.startswith("!") else named
    return rules


def test_both_are_printed(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    for option, text in (("--print-alerts", ALERTS), ("--print-dashboard", DASHBOARD)):
        monkeypatch.setattr("sys.argv", ["twtop", "exporter", option])
        assert main() == 0
        assert capsys.readouterr().out == text


def test_every_metric_that_they_name_is_told(lab: Lab) -> None:
    with Scraper(lab.client) as scraper:
        told = {
            sample
            for metric in metrics(scraper.scrape().look, 10)
            for sample in (
                metric.name,
                f"{metric.name}_{'total' if metric.type == 'counter' else metric.type}",
            )
        }
    for text in (ALERTS, DASHBOARD):
        named = set(_METRIC.findall(text))
        assert len(named) > 5
        assert named <= told


def test_every_finding_worse_than_a_note_has_one_alert() -> None:
    covered = [rule for alert in alerts() for rule in rules_of(alert)]
    assert sorted(covered) == sorted(RULES)
    for alert in alerts():
        if rules_of(alert):
            assert 'severity=~"warning|critical"' in alert["expr"]
    assert {severity.label for severity in Severity} == {"note", "warning", "critical"}


def test_every_alert_says_what_to_do() -> None:
    names = [alert["alert"] for alert in alerts()]
    assert len(set(names)) == len(names)
    for alert in alerts():
        assert {"summary", "description", "action"} <= alert["annotations"].keys()
        assert "{{ $labels.instance }}" in alert["annotations"]["summary"]


def test_promtool_takes_the_alerts(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool (Debian package prometheus) is not installed")
    rules = tmp_path / "alerts.yml"
    rules.write_text(ALERTS)
    checked = subprocess.run(
        ["promtool", "check", "rules", rules], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr
    assert f"{len(alerts())} rules found" in checked.stdout


def test_promtool_takes_what_the_dashboard_asks(tmp_path: Path) -> None:
    if shutil.which("promtool") is None:
        pytest.skip("promtool (Debian package prometheus) is not installed")
    rules = [{"record": f"panel:{at}", "expr": expr} for at, expr in enumerate(queries())]
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": rules}]}))
    checked = subprocess.run(
        ["promtool", "check", "rules", path], capture_output=True, text=True, check=False
    )
    assert checked.returncode == 0, checked.stderr


def test_the_dashboard_has_no_source_of_its_own() -> None:
    document = json.loads(DASHBOARD)
    variables = {each["name"]: each for each in document["templating"]["list"]}
    assert variables["datasource"]["type"] == "datasource"
    numbers = [panel["id"] for panel in panels()]
    assert len(set(numbers)) == len(numbers)
    for panel in panels():
        for target in panel.get("targets", []):
            assert target["datasource"]["uid"] == "${datasource}"
            assert set(re.findall(r"\$(\w+)", target["expr"])) <= {*variables, "__rate_interval"}
    for panel in panels():
        assert panel["type"] == "row" or panel["datasource"]["uid"] == "${datasource}"


def test_no_panel_lies_on_another() -> None:
    taken: set[tuple[int, int]] = set()
    for panel in panels():
        place = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(place["x"], place["x"] + place["w"])
            for y in range(place["y"], place["y"] + place["h"])
        }
        assert not cells & taken, panel["title"]
        assert max(x for x, _ in cells) < 24
        taken |= cells
    rows = sorted({y for _, y in taken})
    assert all(later == earlier + 1 for earlier, later in pairwise(rows))


@pytest.mark.parametrize("text", [ALERTS, DASHBOARD])
def test_what_is_selected_exists(text: str) -> None:
    known = {
        "severity": {severity.label for severity in Severity},
        "rule": set(RULES),
        "state": {state.label for state in State},
    }
    selected = [
        (name, value)
        for name, _, value in _SELECTED.findall(text.replace('\\"', '"'))
        if name in known and not value.startswith(("$", "%"))
    ]
    assert "severity" in dict(selected)
    for name, value in selected:
        assert set(value.split("|")) <= known[name]
