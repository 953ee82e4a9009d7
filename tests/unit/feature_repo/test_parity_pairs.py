"""Which pairs a parity run looks at."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from event_factories import HOP_S
from history_files import random_events, write_events

from feature_repo.parity.pairs import UNKNOWN, Timeline, sample_pairs, timeline_of
from strata.errors import InputInvalid
from streaming.history import scan_events

HOP_US = HOP_S * 1_000_000
WINDOWS = [(3 * HOP_US, HOP_US), (10 * HOP_US, HOP_US)]


def timeline_at(home: Path) -> Timeline:
    return timeline_of(scan_events(home / "history"))


def test_the_same_seed_gives_the_same_pairs(tmp_path: Path) -> None:
    """So that a difference found once can be looked at again; another seed gives others."""
    write_events(tmp_path, random_events(1, 100, ("a", "b")))
    timeline = timeline_at(tmp_path)
    first, again, other = (sample_pairs(timeline, WINDOWS, 500, seed) for seed in (1, 1, 2))
    assert first.users.tolist() == again.users.tolist()
    np.testing.assert_array_equal(first.t_us, again.t_us)
    assert not np.array_equal(first.t_us, other.t_us)


def test_pairs_fall_on_the_edges(tmp_path: Path) -> None:
    """Exactly at, and 1 us to either side of, events, recorded times, tile edges and the ends of windows."""
    events = random_events(2, 100, ("a", "b"))
    write_events(tmp_path, events)
    asked = sample_pairs(timeline_at(tmp_path), WINDOWS, 4_000, 3)
    instants = set(asked.t_us.tolist())
    assert len(asked) == 4_000
    assert set(asked.users.tolist()) == {"a", "b", UNKNOWN}
    for nudge in (-1, 0, 1):
        assert any(e["event_time_us"] + nudge in instants for e in events)
        assert any(e["recorded_us"] + nudge in instants for e in events)
        for length_us, hop_us in WINDOWS:
            leaves = {(e["event_time_us"] // hop_us + 1) * hop_us + length_us + nudge for e in events}
            assert leaves & instants


def test_without_events_there_is_nothing_to_compare(tmp_path: Path) -> None:
    """The refusal says which command brings events in."""
    with pytest.raises(InputInvalid, match="strata events import-demo"):
        timeline_at(tmp_path)
