"""What deploy/ gives an operator: rules that fire, and no name on a dashboard that no page has."""

from __future__ import annotations

import json
import re
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prometheus_process import PrometheusProcess, hurried, require_prometheus
from watched_toys import JOBS, watched_toys

pytestmark = pytest.mark.integration

DEPLOY = Path(__file__).resolve().parents[3] / "deploy"
CONFIG = DEPLOY / "prometheus" / "prometheus.yml"
RULES = yaml.safe_load((DEPLOY / "prometheus" / "alerts.yml").read_text(encoding="utf-8"))["groups"]
RULE_TESTS = yaml.safe_load((DEPLOY / "prometheus" / "alerts_test.yml").read_text(encoding="utf-8"))["tests"]
DASHBOARD = json.loads((DEPLOY / "grafana" / "strata.json").read_text(encoding="utf-8"))
ALERTS = [rule for group in RULES for rule in group["rules"] if "alert" in rule]
PATIENCE_S = 60.0
NOT_HERE: dict[str, str] = {
    # metric: why no page of this test has it. Today the test runs every page, each with something on it.
}


def dashboard_expressions() -> list[str]:
    """Of every panel, and of the annotations and variables."""
    found = [target["expr"] for panel in DASHBOARD["panels"] for target in panel.get("targets", [])]
    found += [each["expr"] for each in DASHBOARD["annotations"]["list"]]
    queries = [each["query"] for each in DASHBOARD["templating"]["list"] if each["type"] == "query"]
    return found + [re.sub(r"label_values\((\w+),.*\)", r"\1", each["query"]) for each in queries]


def filled_in(expression: str) -> str:
    """As Grafana would send it."""
    return expression.replace("$__rate_interval", "1m").replace("$segmenter", ".*")


EXPRESSIONS = [rule["expr"] for group in RULES for rule in group["rules"]] + dashboard_expressions()


def metric_names(expression: str) -> set[str]:
    """The metrics an expression names; what stands in quotes is none.

    >>> sorted(metric_names('up{job=~"strata-x"} + strata:a:rate5m * strata_b_total'))
    ['strata:a:rate5m', 'strata_b_total', 'up']
    """
    return set(re.findall(r"\b(?:strata[_:][\w:]+|up\b)", re.sub(r'"[^"]*"', '""', expression)))


@pytest.fixture(scope="module")
def prometheus(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PrometheusProcess]:
    """One that scrapes a toy platform as deploy/ says, only sooner."""
    require_prometheus()
    folder = tmp_path_factory.mktemp("prometheus")
    with watched_toys(folder) as (pages, _), PrometheusProcess(hurried(CONFIG, pages, folder), folder) as started:
        yield started


def promtool(*arguments: str) -> subprocess.CompletedProcess[str]:
    require_prometheus()
    return subprocess.run(
        ["promtool", *arguments], cwd=DEPLOY / "prometheus", capture_output=True, text=True, check=False
    )


@pytest.mark.parametrize("what", [("check", "config", "prometheus.yml"), ("check", "rules", "alerts.yml")])
def test_the_configuration_is_sound(what: tuple[str, ...]) -> None:
    """By Prometheus' own judgement, templates of the annotations included."""
    ran = promtool(*what)
    assert ran.returncode == 0, ran.stdout + ran.stderr


def test_every_alert_fires_in_its_world_and_in_no_other() -> None:
    """alerts_test.yml, run by promtool."""
    ran = promtool("test", "rules", "alerts_test.yml")
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.mark.parametrize("alert", [rule["alert"] for rule in ALERTS])
def test_an_alert_is_seen_firing_and_quiet(alert: str) -> None:
    """alerts_test.yml has a world of each kind for it."""
    asked = [
        each for world in RULE_TESTS for each in world["promql_expr_test"] if f'alertname="{alert}"' in each["expr"]
    ]
    assert {bool(each["exp_samples"]) for each in asked} == {True, False}


@pytest.mark.parametrize("alert", ALERTS, ids=lambda alert: alert["alert"])
def test_an_alert_says_what_to_do(alert: dict[str, Any]) -> None:
    """A severity, a sentence, the first thing to try, and a heading of a page that is there."""
    notes = alert["annotations"]
    assert alert["labels"]["severity"] in {"page", "ticket"}
    assert notes["summary"]
    assert notes["do"]
    page, _, anchor = notes["runbook"].partition("#")
    headings = re.findall(r"^#+ (.+)$", (DEPLOY.parent / page).read_text(encoding="utf-8"), re.MULTILINE)
    assert anchor in {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}


def test_every_page_is_scraped(prometheus: PrometheusProcess) -> None:
    """The jobs of prometheus.yml are the three pages, and all answer."""
    until_s = time.monotonic() + PATIENCE_S
    while {each["metric"]["job"] for each in prometheus.query("up == 1")} != set(JOBS):
        assert time.monotonic() < until_s, prometheus.query("up")
        time.sleep(0.2)


def test_every_metric_named_by_a_rule_or_a_panel_is_on_a_page(prometheus: PrometheusProcess) -> None:
    """Looked for in a real Prometheus. A name nobody exposes would be an empty panel, and an alert that never comes."""
    wanted = set().union(*map(metric_names, EXPRESSIONS)) - set(NOT_HERE)
    until_s, lacking = time.monotonic() + PATIENCE_S, wanted
    while lacking and time.monotonic() < until_s:
        lacking = {name for name in lacking if not prometheus.query(f'{{__name__="{name}"}}')}
        time.sleep(0.2)
    assert lacking == set()
    assert len(wanted) > 25


@pytest.mark.parametrize("expression", sorted(set(EXPRESSIONS)))
def test_an_expression_can_be_evaluated(prometheus: PrometheusProcess, expression: str) -> None:
    """Vectors match and labels are what they are taken for."""
    prometheus.query(filled_in(expression))


def test_panels_of_a_platform_that_is_called_are_not_empty(prometheus: PrometheusProcess) -> None:
    """A label that does not exist makes a panel empty though its metric is there."""
    until_s, empty = time.monotonic() + PATIENCE_S, set(dashboard_expressions()[:-2])
    while empty and time.monotonic() < until_s:
        empty = {each for each in empty if not prometheus.query(filled_in(each))}
        time.sleep(0.2)
    assert empty == set()
