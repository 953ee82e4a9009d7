"""The bench on a plain gateway: native load, checked replies, the glued stack beside it."""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import plain_gateway
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from plain_packages import FEATURES, write_packages

from loadtests.bench import run
from loadtests.bench.document import document, markdown
from loadtests.bench.plan import Plan
from loadtests.bench.processes import free_port, running
from loadtests.bench.systems import System
from loadtests.peers.glued.schema import SCHEMA_VARIABLE, Schema
from strata.settings import Settings

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        shutil.which("h2load") is None or shutil.which("redis-server") is None,
        reason="needs h2load and redis-server: scripts/install_tools.sh",
    ),
]

ROOT = Path(__file__).parents[3]
BRIEF = Plan(
    rounds=2, single_s=0.5, batch_s=0.5, lone_s=0.3, read_s=0.2, singles=40, batches=2, callers=4, batch_callers=2
)
USERS = [f"u{i}" for i in range(600)]


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """What a prepared home has, as far as the bench looks, and the plain gateway's values as a prediction log."""
    home = tmp_path / "home"
    folders, matrix = write_packages(tmp_path / "made", len(USERS))
    columns = {feature: pa.array(matrix[:, i], from_pandas=True) for i, feature in enumerate(FEATURES)}
    pq.write_table(pa.table({"user_id": USERS, **columns}), tmp_path / "rows.parquet")
    for name, folder in folders.items():
        version = json.loads((folder / "manifest.json").read_text())["version"]
        shutil.copytree(folder, home / "packages" / name / version)
    (home / "state").mkdir()
    (home / "registry.db").touch()
    packages = {name: str(folder) for name, folder in folders.items()}
    Schema(FEATURES, packages, str(tmp_path / "rows.parquet")).write(tmp_path / "schema.json")
    return home


def _plain_gateways(schema: Path, predictions: bytes) -> Any:
    def start(_settings: Settings, scratch: Path, stack: ExitStack) -> dict[str, System]:
        log = scratch / "embedded" / "home" / "predictions" / "tiers"
        log.mkdir(parents=True)
        (log / "1.parquet").write_bytes(predictions)
        port = free_port()
        environ = {SCHEMA_VARIABLE: str(schema), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, plain_gateway.__file__, "--port", str(port)]
        tree = stack.enter_context(running(command, scratch / "gateway-embedded.log", environ, ROOT))
        return {"embedded": System("embedded", f"127.0.0.1:{port}", (tree,))}

    return start


def _plain_redis_gateway(schema: Path) -> Any:
    def start(_settings: Settings, _url: str, _redis: Any, scratch: Path, stack: ExitStack) -> System:
        port = free_port()
        environ = {SCHEMA_VARIABLE: str(schema), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, plain_gateway.__file__, "--port", str(port)]
        tree = stack.enter_context(running(command, scratch / "gateway-redis.log", environ, ROOT))
        return System("redis", f"127.0.0.1:{port}", (tree,))

    return start


def _only_feast(orders: Any) -> Any:
    """The plain gateway has no state for our readers to read."""
    return lambda *words: [one for one in orders(*words) if one.name == "feast"]


def test_a_bench_measures_and_checks_everything(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every cell is measured in every round, no reply is wrong, and the glued stack gives the same segments."""
    rows = (home.parent / "rows.parquet").read_bytes()
    monkeypatch.setattr(run, "start_gateways", _plain_gateways(home.parent / "schema.json", rows))
    monkeypatch.setattr(run, "start_state", lambda *_: ("", None))
    monkeypatch.setattr(run, "start_redis_gateway", _plain_redis_gateway(home.parent / "schema.json"))
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
