"""The online state at now against the history at now."""

from __future__ import annotations

from pathlib import Path

import pytest
from event_factories import batch_of, make_event
from feast_world import NOW_US, USERS, World
from history_files import HOUR_US, write_aliases

from feature_repo.offline.aliases import Alias
from feature_repo.online.write_rows import fold_events
from feature_repo.parity import live
from feature_repo.parity.live import sample_live
from feature_repo.parity.live_run import run_live
from strata.registry import read_catalog
from strata.state import open_state

pytestmark = pytest.mark.integration


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_AGAIN_S", 0.0)


def test_built_rows_are_the_historys(applied: World) -> None:
    """Every user, one of them aliased, every windowed feature: none differs."""
    from feature_repo.materialize import materialize

    write_aliases(applied.settings.home, [Alias(NOW_US - 60 * 24 * HOUR_US, "x", "3", "1")])
    materialize(applied.settings, None, None, lambda *_: None)
    found = sample_live(applied.settings, 10, 1)
    assert (found.compared, found.values, found.differences) == (len(USERS), len(USERS) * 45, 0)


def test_an_event_that_is_in_no_history_shows(built: World, tmp_path: Path) -> None:
    """It counts online alone: the features that saw it are named, here and in the metrics."""
    event = make_event(user_id="1", event_time_us=NOW_US - 1_000_000, category="MEAT", discount=0)
    with open_state(built.settings.state_address) as state:
        fold_events(state, read_catalog(built.settings.registry).tables(), batch_of([event]))
    metrics, said = tmp_path / "parity.prom", []
    assert not run_live(built.settings, 10, 1, every=None, metrics_file=metrics, json_file=None, say=said.append)
    assert "rfm:monetary_30d" in "\n".join(said)
    lines = dict(line.split() for line in metrics.read_text().splitlines() if not line.startswith("#"))
    assert float(lines["strata_parity_differences"]) > 0
    assert lines["strata_parity_users_compared"] == "4"


def test_again_and_again_outlives_a_disk_that_is_full(
    built: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was found is lost, and said to be, what a look took is given back; once it would be an error."""
    turns = iter([None, KeyboardInterrupt()])

    def sleep(_: float) -> None:
        if error := next(turns):
            raise error

    monkeypatch.setattr("feature_repo.parity.live_run.time.sleep", sleep)
    given: list[str] = []
    monkeypatch.setattr("feature_repo.parity.live_run.give_back", lambda: given.append("back"))
    said: list[str] = []
    asked = {"metrics_file": tmp_path / "nowhere" / "parity.prom", "json_file": None, "say": said.append}
    with pytest.raises(KeyboardInterrupt):
        run_live(built.settings, 10, 1, every="1s", **asked)
    assert said.count("what the look found cannot be written: no such file or directory") == 2
    assert given == ["back", "back"]
    with pytest.raises(FileNotFoundError):
        run_live(built.settings, 10, 1, every=None, **asked)
