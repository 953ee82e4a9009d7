"""`strata bench tracing` from start to end, as short as it can be. No figure of cost is judged."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from foreign_tools import require_tool
from toy_home import make_home
from typer.testing import CliRunner

from loadtests import cli
from loadtests.bench import plan

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(shutil.which("h2load") is None, reason="needs h2load: scripts/install_tools.sh h2load"),
]

BRIEF = plan.Plan(
    rounds=2, single_s=0.3, batch_s=0.3, lone_s=0.3, read_s=0.0, singles=20, batches=2, callers=4, batch_callers=2
)
USERS = [f"user-{number}" for number in range(50)]


def bench(folder: Path, monkeypatch: pytest.MonkeyPatch, *words: str) -> Any:
    settings = make_home(folder / "home", dict.fromkeys(USERS, (5, 5.0, 1)))
    chosen, users = folder / "strata.yaml", folder / "users.txt"
    chosen.write_text(yaml.safe_dump(settings.model_dump(mode="json")))
    users.write_text("\n".join(USERS))
    monkeypatch.setenv("STRATA_SETTINGS", str(chosen))
    monkeypatch.setattr(plan, "QUICK", BRIEF)
    return CliRunner().invoke(cli.app, ["bench", "tracing", "--quick", "--users", str(users), *words])


def test_a_gateway_is_measured_untraced_and_traced(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two traced gateways beside one that is not, and real Collectors that were sent all spans of all calls of the one
    (five, and four for a batch), a few of the other's."""
    require_tool("otelcol")
    done = bench(tmp_path, monkeypatch, "--json", str(tmp_path / "found.json"))
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "found.json").read_text())
    always, at_times = "embedded traced, every call", "embedded traced, 1 in 100"
    assert [one["name"] for one in found["rows"]] == [
        f"{system}{kind}" for kind in ("", " lone", " batch") for system in ("embedded", always, at_times)
    ]
    assert [one["name"] for one in found["rows"] if one["bad_runs"] or one["cpu_us_per_call"]["least"] <= 0] == []
    assert [(one["name"], one["kept"]) for one in found["ratios"] if "traced" in one["name"]] == [
        ("GetSegments traced, every call / not traced, CPU per call", None),
        ("GetSegments traced, 1 in 100 / not traced, CPU per call", None),
    ]
    assert 4 < found["spans_per_call"].pop(always) <= 5
    assert found["spans_per_call"].pop(at_times) < 1
    assert found["spans_per_call"] == {}
    assert found["agreement"] == {"embedded": 1.0, always: 1.0, at_times: 1.0}
    assert (found["command"], found["reads"]) == ("strata bench tracing --quick", [])
    assert f"| {always} batch | 2 |" in done.stdout
    assert f"Spans a call that came to the Collector: {always} 4." in done.stdout


def test_a_bench_without_a_collector_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing, and the script that builds it; nothing is started."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    done = bench(tmp_path, monkeypatch)
    assert str(done.exception) == "strata bench needs otelcol; run scripts/install_tools.sh"
    assert not (tmp_path / "home" / "bench").exists()
