"""Labels: who was known, and who did it in (t, t + horizon]."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_training import write_events

from strata.errors import InputInvalid
from strata.events import DAY_US
from training.history import History

T = 17_200 * DAY_US


@pytest.fixture
def history(tmp_path: Path) -> History:
    """Redemptions exactly at t, just after, at t + 2 days and just after that."""
    write_events(
        tmp_path,
        [
            ("at", "coupon_redemption", T),
            ("after", "purchase", T - 1),
            ("after", "coupon_redemption", T + 1),
            ("end", "purchase", T),
            ("end", "coupon_redemption", T + 2 * DAY_US),
            ("late", "purchase", T - 5),
            ("late", "coupon_redemption", T + 2 * DAY_US + 1),
            ("new", "purchase", T + 1),
        ],
    )
    return History(tmp_path)


def test_labels_look_ahead_and_not_back(history: History) -> None:
    """An event at t is the past; one at t + horizon still counts; a user first seen after t is not asked about."""
    found = history.labelled([T], "coupon_redemption", 2 * DAY_US, T + 10 * DAY_US)
    assert dict(zip(found.users, found.labels.tolist(), strict=True)) == {"after": 1, "at": 0, "end": 1, "late": 0}
    assert set(found.times_us.tolist()) == {T}


def test_rows_come_by_instant_then_user(history: History) -> None:
    """The order is fixed, so that a training is repeatable."""
    found = history.labelled([T + DAY_US, T], "coupon_redemption", DAY_US, T + 10 * DAY_US)
    pairs = list(zip(found.times_us.tolist(), found.users, strict=True))
    assert pairs == sorted(pairs)
    assert len(pairs) == 4 + 5


def test_known_users_and_the_first_event(history: History) -> None:
    """Known means an event that had happened by then."""
    assert history.known_users(T) == ["after", "at", "end", "late"]
    assert history.known_users(T - 10) == []
    assert history.first_event_us() == T - 5


def test_without_events_the_next_step_is_named(tmp_path: Path) -> None:
    """The sentence says which command brings events in."""
    with pytest.raises(InputInvalid, match="strata events import"):
        History(tmp_path).first_event_us()


def test_classes_are_cut_by_what_the_window_holds(tmp_path: Path) -> None:
    """Money in whole units from cents, a user without events measures 0, an edge belongs to the class above it."""
    write_events(tmp_path, [("a", "visit", T), ("b", "visit", T), ("c", "visit", T)], value=0)
    write_events(
        tmp_path,
        [("a", "purchase", T + 1), ("a", "purchase", T + 2), ("b", "purchase", T + 3), ("b", "purchase", T + DAY_US)],
        value=2_500,
        month="2017-02",
    )
    history = History(tmp_path)

    def measured(measure: str, horizon_us: int = 2 * DAY_US) -> list[float]:
        return history.labelled([T], "purchase", horizon_us, T + 10 * DAY_US, measure).measured.tolist()

    assert measured("total_value") == [50.0, 50.0, 0.0]
    assert measured("total_value", 3) == [50.0, 25.0, 0.0]
    assert measured("events") == [2, 2, 0]
    assert measured("days") == [1, 2, 0]
    assert measured("total_quantity") == [0, 0, 0]
    found = history.labelled([T], "purchase", 3, T + 10 * DAY_US, "total_value")
    assert found.classes([1.0, 50.0]).tolist() == [2, 1, 0]
    assert found.labels.tolist() == [1, 1, 0]


def test_a_damaged_file_is_named(history: History) -> None:
    """Cut short, as a full disk leaves one; and one that holds something else."""
    file = next((history.folder / "events").rglob("*.parquet"))
    file.write_bytes(file.read_bytes()[:100])
    with pytest.raises(InputInvalid, match=rf"cannot be read: .*{file.name}.*restore that file"):
        history.first_event_us()
