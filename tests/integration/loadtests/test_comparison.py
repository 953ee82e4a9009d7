"""A comparison from start to end on plain gateways: its parts fit together. No figure is judged."""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import plain_scorer
import pytest
from plain_home import ROOT, USERS, make_plain_home, start_plain_gateway, write_plain_predictions

from loadtests.bench.gateways import await_live
from loadtests.bench.peers import accepts_grpc
from loadtests.bench.processes import await_ready, free_port, running
from loadtests.bench.systems import SEGMENTER, System
from loadtests.comparison import run
from loadtests.comparison.claims import FEAST, MLSERVER, OUR_MODEL, RAY
from loadtests.comparison.plan import PeerPlan
from loadtests.comparison.report import document, markdown
from strata.settings import Settings

pytestmark = [
    pytest.mark.integration,
    pytest.mark.skipif(
        shutil.which("h2load") is None or shutil.which("redis-server") is None,
        reason="needs h2load and redis-server: scripts/install_tools.sh",
    ),
]
BRIEF = PeerPlan(rounds=1, single_s=0.3, many_s=0.3, singles=20, most_users=1_000, callers=4, many_callers=2)


def _scorer(folder: Path, scratch: Path, stack: ExitStack) -> System:
    port, log = free_port(), scratch / "scorer.log"
    command = [sys.executable, plain_scorer.__file__, "--port", str(port), "--package", str(folder)]
    tree = stack.enter_context(running(command, log, {"PYTHONPATH": str(ROOT)}, ROOT))
    system = System(OUR_MODEL, f"127.0.0.1:{port}", (tree,), SEGMENTER)
    await_ready("scorer", lambda: accepts_grpc(system.address), [tree], log)
    return system


def _plain_ours(home: Path) -> Any:
    def start(
        _settings: Settings, users: list[str], scratch: Path, stack: ExitStack, *, redis: bool
    ) -> tuple[dict[str, System], System]:
        write_plain_predictions(home, scratch)
        names = ("embedded", "redis") if redis else ("embedded",)
        found = {name: start_plain_gateway(name, home, scratch, stack) for name in names}
        for system in found.values():
            await_live(system, users[0], scratch / f"gateway-{system.name}.log")
        (package,) = (home / "packages" / "promo").iterdir()
        return found, _scorer(package, scratch, stack)

    return start


def test_a_comparison_measures_who_is_there_and_names_who_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Gateways, the glued stack, Feast's server and the model alone; nothing is installed of the other peers."""
    home = make_plain_home(tmp_path)
    monkeypatch.setattr(run, "start_ours", _plain_ours(home))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    settings = Settings(home=home, segmenters={"promo": {"placement": "remote"}})  # type: ignore[dict-item]
    outcome = run.run_comparison(settings, USERS, BRIEF, lambda _: None)
    found = json.loads(json.dumps(document(outcome, BRIEF, "strata bench peers")))
    batches = {f"{name} batch of {size}" for name in ("embedded", "redis", "glued") for size in (1, 32, 500)}
    scored = {f"{OUR_MODEL}, {rows}" for rows in ("1 row", "32 rows", "500 rows")}
    read = {f"{FEAST}, 1 user", f"{FEAST}, 500 users"}
    names = {"echo", "echo batch of 500", "embedded", "redis", "glued"} | batches | scored | read
    assert {one["name"] for one in found["rows"]} == names
    assert [one["name"] for one in found["rows"] if one["bad_runs"] or not one["runs"]] == []
    assert all(one["cpu_us_per_call"]["median"] > 0 for one in found["rows"])
    assert found["agreement"] == {"embedded": 1.0, "redis": 1.0, "glued": 1.0}
    reasons = {name: f"it is not installed; run scripts/install_peers.py {peer}" for name, peer in (
        ("C++ echo", "echo_cpp"), (MLSERVER, "mlserver"), (RAY, "ray_serve"),
    )}  # fmt: skip
    assert found["absent"] == reasons
    assert any(one["name"].startswith(f"{FEAST}, 500 users / redis batch of 500") for one in found["ratios"])
    text = markdown(outcome, BRIEF, "strata bench peers")
    assert all(f"**Not measured: {name}**: {reason}" in text for name, reason in reasons.items())
