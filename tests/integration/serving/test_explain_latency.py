"""`strata explain-latency` as a user runs it, over a gateway process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from explaining_gateway import ExplainingGateway
from gateway_process import GatewayProcess
from toy_gateway import ToyGateway, served
from toy_home import make_home

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """Two workers that answer."""
    made = GatewayProcess(make_home(tmp_path_factory.mktemp("explained") / "home"), workers=2)
    made.wait_until_ready()
    yield made
    made.end()


def explain(*arguments: str, **environ: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "strata.command", "explain-latency", *arguments]
    clean = {key: value for key, value in os.environ.items() if not key.startswith("STRATA_")}
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, env=clean | environ)


def test_the_kernels_one_step_is_told(gateway: GatewayProcess, tmp_path: Path) -> None:
    """The rows are those of a call as callers make it, and add up; the table shows them."""
    file = tmp_path / "new" / "explained.json"
    where = ("--target", gateway.addresses["grpc"], "--metrics", gateway.addresses["metrics"])
    ran = explain("ann", "--calls", "60", "--json", str(file), *where)
    assert (ran.returncode, ran.stderr) == (0, "")
    found = json.loads(file.read_text(encoding="utf-8"))
    assert (found["calls"], len(found["total_ms"]), found["interrupted"]) == (60, 60, False)
    assert found["slowest"]["total_ms"] == max(found["total_ms"])
    assert found["median"]["total_ms"] == sorted(found["total_ms"])[29]
    for call in (found["median"], found["slowest"]):
        assert call["one_clock"]
        assert [(row["step"], row["segmenter"]) for row in call["rows"]] == [
            (step, "") for step in ("before", "features", "score", "reply", "rest", "after")
        ]
        assert sum(row["ms"] for row in call["rows"]) == pytest.approx(call["total_ms"], abs=1e-5)
        assert all(row["ms"] > 0 for row in call["rows"])
        assert call["sources"] == {"toy_tiers": "live", "toy_promo": "live"}
    lines = ran.stdout.splitlines()
    assert lines[0] == f"user ann at {gateway.addresses['grpc']}: 60 calls one after the other"
    assert lines[2].split() == ["median", "ms", "slowest", "ms", "more", "ms"]
    assert [line[:25].rstrip() for line in lines[3:10]] == [
        "before the handler", "features found and read", "score, all in one step", "reply", "rest of the handler",
        "after the handler", "total",
    ]  # fmt: skip
    assert max(map(len, lines)) <= 80


def test_a_user_who_takes_steps_is_told_them(gateway: GatewayProcess) -> None:
    """Nobody knows this one: the ladder answers, and asks no segmenter."""
    address = gateway.addresses["grpc"].rpartition(":")
    ran = explain(
        "nobody", "--segmenter", "toy_tiers", STRATA_GATEWAY__PORT=address[2], STRATA_GATEWAY__METRICS_PORT="0"
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "the slowest was answered with fallback by toy_tiers: unknown user" in ran.stdout
    assert "score" not in ran.stdout
    assert "queue alone" not in ran.stdout


def test_the_callers_mistakes_are_the_usual_sentences(gateway: GatewayProcess) -> None:
    """A segmenter there is not, no calls at all, a gateway that is not there."""
    ran = explain("ann", "--segmenter", "tiers", "--target", gateway.addresses["grpc"])
    assert (ran.returncode, ran.stdout) == (1, "")
    assert "toy_tiers" in ran.stderr
    assert explain("ann", "--calls", "0").returncode == 2
    ran = explain("ann", "--target", "127.0.0.1:9")
    assert (ran.returncode, ran.stdout) == (1, "")
    assert ran.stderr == "strata: no gateway answers at 127.0.0.1:9; start one with: strata up\n"


def test_a_gateway_that_does_not_tell_or_tells_nonsense() -> None:
    """One sentence, exit code 1."""
    for toy, said in (
        (ToyGateway(), "it is older than this client"),
        (ExplainingGateway("handler"), "timings this client cannot read"),
    ):
        with served(toy) as address:
            ran = explain("ann", "--target", address)
        assert (ran.returncode, ran.stdout) == (1, "")
        assert ran.stderr.startswith("strata: the gateway ")
        assert said in ran.stderr
        assert len(ran.stderr.splitlines()) == 1


def test_another_machines_clock_is_one_row_outside() -> None:
    with served(ExplainingGateway("handler;dur=0.000001;began_ns=5")) as address:
        ran = explain("ann", "--target", address, "--calls", "3")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "outside the handler" in ran.stdout
    assert "the gateway has another clock" in ran.stdout
    assert "before the handler  " not in ran.stdout
