"""`strata bench users` from start to end, as short as it can be: its parts fit together. No figure is judged."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from toy_home import USERS, make_home

from loadtests.many_users.plan import READS, Plan
from loadtests.many_users.run import Outcome, measure_users
from strata.settings import Settings

pytestmark = pytest.mark.integration
PLAN = Plan((20, 2_000), rounds=1, read_s=0.05, call_s=0.2, checked=20)


class Said:
    """What a bar was told."""

    def __init__(self) -> None:
        self.totals: dict[str, int] = {}
        self.done: dict[str, int] = {}
        self._now = ""

    def begin(self, what: str, total: int) -> None:
        self._now, self.totals[what], self.done[what] = what, total, 0

    def advance(self, steps: int, what: str = "") -> None:
        self.done[self._now] += steps


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    """A toy home that servers and readers find, too."""
    found = make_home(tmp_path / "home")
    chosen = tmp_path / "strata.yaml"
    chosen.write_text(yaml.safe_dump(found.model_dump(mode="json")))
    monkeypatch.setenv("STRATA_SETTINGS", str(chosen))
    return found


def test_lmdb_is_measured_in_every_size_and_removed(settings: Settings) -> None:
    """Every user is answered live, by a reader and by a gateway; the bar comes to its end; no store is left."""
    bar = Said()
    outcome = measure_users(settings, list(USERS), PLAN, bar, redis=False)
    _check(outcome, "lmdb")
    assert outcome.not_measured == []
    assert bar.totals == bar.done
    assert bar.done["writing 2,000 users to lmdb"] == 2_000
    assert list((settings.home / "bench").glob("strata-users-*")) == []


@pytest.mark.skipif(shutil.which("redis-server") is None, reason="needs redis-server: scripts/install_tools.sh")
def test_redis_is_measured_after_it(settings: Settings, tmp_path: Path) -> None:
    """In a folder of one's own choice, which is empty afterwards."""
    outcome = measure_users(settings, list(USERS), PLAN, Said(), folder=tmp_path / "stores")
    assert [one.store for one in outcome.stores] == ["lmdb", "lmdb", "redis", "redis"]
    outcome.stores, outcome.reads, outcome.calls = (
        [one for one in rows if one.store == "redis"] for rows in (outcome.stores, outcome.reads, outcome.calls)
    )  # type: ignore[attr-defined,assignment]
    _check(outcome, "redis")
    assert list((tmp_path / "stores").iterdir()) == []


def _check(outcome: Outcome, kind: str) -> None:
    assert [(one.store, one.users, one.rows, one.live_share) for one in outcome.stores] == [
        (kind, 20, 20, 1.0),
        (kind, 2_000, 2_000, 1.0),
    ]
    assert all(one.bytes > 0 and one.in_memory_before > 0 and one.in_memory_after > 0 for one in outcome.stores)
    assert [(one.pattern, one.users_per_read, one.users) for one in outcome.reads] == [
        (kind.pattern, kind.users, size) for kind in READS for size in PLAN.sizes
    ]
    assert all(one.wall_us_per_user.least > 0 and one.p50_us.least <= one.p99_us.most for one in outcome.reads)
    assert [(one.users, one.failed, one.calls > 0) for one in outcome.calls] == [(20, 0, True), (2_000, 0, True)]
    assert all(one.server_cpu_us.median >= 0 for one in outcome.calls)
