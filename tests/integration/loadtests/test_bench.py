"""The bench on a plain gateway: native load, checked replies, the glued stack beside it."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from plain_home import ROOT, USERS, make_plain_home, start_plain_gateway, write_plain_predictions

from loadtests.bench import run
from loadtests.bench.document import document, markdown
from loadtests.bench.plan import Plan
from loadtests.bench.systems import System
from strata.settings import Settings

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        shutil.which("h2load") is None or shutil.which("redis-server") is None,
        reason="needs h2load and redis-server: scripts/install_tools.sh",
    ),
]

BRIEF = Plan(
    rounds=2, single_s=0.5, batch_s=0.5, lone_s=0.3, read_s=0.2, singles=40, batches=2, callers=4, batch_callers=2
)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A plain one."""
    return make_plain_home(tmp_path)


def _plain_gateways(home: Path) -> Any:
    def start(_settings: Settings, scratch: Path, stack: ExitStack) -> dict[str, System]:
        write_plain_predictions(home, scratch)
        return {"embedded": start_plain_gateway("embedded", home, scratch, stack)}

    return start


def _plain_redis_gateway(home: Path) -> Any:
    def start(_settings: Settings, _url: str, _redis: Any, scratch: Path, stack: ExitStack) -> System:
        return start_plain_gateway("redis", home, scratch, stack)

    return start


def _only_feast(orders: Any) -> Any:
    """The plain gateway has no state for our readers to read."""
    return lambda *words: [one for one in orders(*words) if one.name == "feast"]


def test_a_bench_measures_and_checks_everything(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell is measured in every round, no reply is wrong, and the glued stack gives the same segments."""
    monkeypatch.setattr(run, "start_gateways", _plain_gateways(home))
    monkeypatch.setattr(run, "start_state", lambda *_: ("", None))
    monkeypatch.setattr(run, "start_redis_gateway", _plain_redis_gateway(home))
    monkeypatch.setattr(run, "_reader_orders", _only_feast(run._reader_orders))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    outcome = run.run_bench(Settings(home=home), USERS, BRIEF, True, lambda _: None)
    found = document(outcome, BRIEF, "strata bench")
    names = {f"{system}{kind}" for system in ("echo", "embedded", "redis", "glued") for kind in ("", " lone", " batch")}
    assert {row["name"] for row in found["rows"]} == names
    assert [row["name"] for row in found["rows"] if row["bad_runs"] or not row["calls"]] == []
    assert found["agreement"] == {"embedded": 1.0, "redis": 1.0, "glued": 1.0}
    assert [(one["name"], one["users_per_read"]) for one in found["reads"]] == [("feast", 500), ("feast", 1)]
    assert all(one["client_cpu_us_per_user"]["median"] > 0 for one in found["reads"])
    assert all(row["cpu_us_per_call"]["median"] > 0 for row in found["rows"])
    by_name = {row["name"]: row for row in found["rows"]}
    assert by_name["glued batch"]["users_per_call"] == 500
    assert datetime.fromisoformat(found["measured_at"]).tzinfo == UTC
    assert "| glued batch | 2 |" in markdown(outcome, BRIEF, "strata bench")
