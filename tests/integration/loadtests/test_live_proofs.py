"""The live proofs at a tenth of their length: servers are killed, and acknowledged is counted all the same."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from kafka_broker import why_not
from redis_process import require_redis
from registry_files import windowed_message, write_registry

from loadtests.live.crashes import CrashTrial, Outcome, Trial
from strata.features.builder import days, distinct, event_type, fields, hours, total
from strata.settings import Settings

pytestmark = [pytest.mark.integration, pytest.mark.timeout(600)]

BOUGHT = event_type.eq("purchase")
RFM = fields(
    [
        distinct("frequency_30d", of="session_id", window=days(30), where=BOUGHT),
        total("monetary_30d", of="value", window=days(30), where=BOUGHT),
    ],
    hop=hours(1),
)


@pytest.fixture
def prove(tmp_path: Path) -> Callable[[Trial], Outcome]:
    """Run a trial in a home that holds two features and nothing else."""
    home = tmp_path / "prepared"
    home.mkdir()
    write_registry(home / "registry.db", windowed_message("rfm", RFM))

    def run(trial: Trial) -> Outcome:
        folder = tmp_path / "trial"
        folder.mkdir()
        return CrashTrial(Settings(home=home, repo=home), trial, folder, print).run()

    return run


def test_what_an_embedded_log_acknowledged_is_counted_over_kills(prove: Callable[[Trial], Outcome]) -> None:
    """Ten kills of the stream, in the state and in the history: each event once, no other, every alias merged."""
    outcome = prove(Trial(kills=10, seed=3, log="embedded", state="lmdb", with_gateway=False, rate=200, users=50))
    assert outcome.differences == []
    assert outcome.kills == {"stream": 10}


def test_what_kafka_acknowledged_is_counted_in_redis_over_kills(prove: Callable[[Trial], Outcome]) -> None:
    """Kills of the broker, of Redis and of the stream."""
    require_redis()
    if reason := why_not():
        pytest.skip(f"NOT TESTED on Kafka: {reason}")
    outcome = prove(Trial(kills=4, seed=5, log="kafka", state="redis", with_gateway=False, rate=100, users=50))
    assert outcome.differences == []
    assert sum(outcome.kills.values()) == 4
