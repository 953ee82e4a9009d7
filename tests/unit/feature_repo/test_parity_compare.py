"""What a parity run makes of three tables of values."""

from __future__ import annotations

import json

import numpy as np

from feature_repo.offline.frame import Asked
from feature_repo.parity.compare import Difference, Sides, compare

ASKED = Asked(np.array(["a", "b"], dtype=object), np.array([1_000_000, 2_000_000], dtype=np.int64))
NAN = float("nan")


def table(*rows: list[float]) -> np.ndarray:
    return np.array(rows)


def test_equal_tables_have_no_differences() -> None:
    """Missing equals missing."""
    same = table([1.0, NAN], [2.5, 0.0])
    outcome = compare(["v:x", "v:y"], ASKED, Sides(same, same.copy(), same.copy()), 7, {})
    assert (outcome.differences, outcome.values, outcome.missing) == (0, 4, 1)


def test_each_kind_of_difference_is_counted_and_shown() -> None:
    """A last-bit difference, and missing against zero, are differences; the first pair of each feature is shown."""
    online = table([1.0, NAN], [0.1 + 0.2, 3.0])
    offline = table([1.0, 0.0], [0.3, 3.0])
    outcome = compare(["v:x", "v:y"], ASKED, Sides(online, offline, offline.copy()), 7, {"offline": 1.23456})
    assert (outcome.online_offline, outcome.offline_oracle, outcome.online_oracle) == (2, 0, 2)
    assert outcome.by_feature == {"v:x": 1, "v:y": 1}
    assert outcome.first["v:y"] == Difference("a", 1_000_000, "1970-01-01T00:00:01Z", None, 0.0, 0.0)
    document = json.loads(json.dumps(outcome.to_json(), allow_nan=False))
    assert document["differences"] == 2
    assert document["seconds"] == {"offline": 1.235}
