"""A history as it might have come in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from history_files import random_events, write_events

from feature_repo.parity.perturb import Perturbation, perturbed
from strata.features.plan import LATENESS_US
from streaming.history import scan_events

EVENTS = 2_000


@pytest.fixture(scope="module")
def events(tmp_path_factory: pytest.TempPathFactory) -> pa.Table:
    home: Path = tmp_path_factory.mktemp("home")
    write_events(home, random_events(1, EVENTS, ("a", "b"), late_share=0))
    return scan_events(home / "history")


def delays(found: pa.Table) -> np.ndarray:
    at, recorded = (found.column(name).cast("int64").to_numpy() for name in ("event_time", "recorded_at"))
    return recorded - at


def test_nothing_asked_changes_nothing_but_the_order(events: pa.Table) -> None:
    """The same events, in the order they were recorded."""
    found = perturbed(events, Perturbation(), np.random.default_rng(1))
    assert sorted(found.column("event_id").to_pylist()) == sorted(events.column("event_id").to_pylist())
    recorded = found.column("recorded_at").cast("int64").to_numpy()
    assert (np.diff(recorded) >= 0).all()
    assert (delays(found) == 0).all()


def test_the_same_seed_gives_the_same_history(events: pa.Table) -> None:
    """And another seed another one."""
    how = Perturbation(shuffle=True, duplicates=0.1, late=0.1, too_late=0.1)
    first, again, other = (perturbed(events, how, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert first.equals(again)
    assert not first.equals(other)


def test_shares_are_about_what_was_asked(events: pa.Table) -> None:
    """Late ones lie inside H, lost ones beyond it, repeats carry ids that are there already."""
    how = Perturbation(duplicates=0.05, late=0.05, too_late=0.01)
    found = perturbed(events, how, np.random.default_rng(3))
    ids, counts = np.unique(found.column("event_id").to_pylist(), return_counts=True)
    assert len(ids) == EVENTS
    assert 0.03 < (counts == 2).mean() < 0.07
    waits = delays(found)
    assert 0.03 < ((waits >= 86_400_000_000) & (waits <= LATENESS_US)).mean() < 0.1
    assert (waits > LATENESS_US).mean() > 0.005


def test_shuffled_events_come_within_h_and_out_of_order(events: pa.Table) -> None:
    """No event is lost by it, and many overtake others."""
    found = perturbed(events, Perturbation(shuffle=True), np.random.default_rng(4))
    waits = delays(found)
    assert (waits >= 0).all()
    assert (waits <= LATENESS_US).all()
    assert (np.diff(found.column("event_time").cast("int64").to_numpy()) < 0).mean() > 0.3
