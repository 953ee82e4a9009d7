"""What a parity run makes of three tables of values."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np

from feature_repo.offline.frame import Asked
from feature_repo.parity.compare import Difference, Parity, Sides, compare, together

ASKED = Asked(np.array(["a", "b"], dtype=object), np.array([1_000_000, 2_000_000], dtype=np.int64))
NAN = float("nan")


def table(*rows: list[float]) -> np.ndarray:
    return np.array(rows)


BOTH = np.array([0, 1])


def test_equal_tables_have_no_differences() -> None:
    """Missing equals missing."""
    same = table([1.0, NAN], [2.5, 0.0])
    outcome = compare(["v:x", "v:y"], ASKED, Sides(same, same.copy(), same.copy(), BOTH))
    assert (outcome.differences, outcome.values, outcome.missing) == (0, 4, 1)


def test_each_kind_of_difference_is_counted_and_shown() -> None:
    """A last-bit difference, and missing against zero, are differences; the first pair of each feature is shown."""
    online = table([1.0, NAN], [0.1 + 0.2, 3.0])
    offline = table([1.0, 0.0], [0.3, 3.0])
    outcome = compare(["v:x", "v:y"], ASKED, Sides(online, offline, offline.copy(), BOTH))
    assert (outcome.online_offline, outcome.offline_oracle, outcome.online_oracle) == (2, 0, 2)
    assert outcome.by_feature == {"v:x": 1, "v:y": 1}
    assert outcome.first["v:y"] == Difference("a", 1_000_000, "1970-01-01T00:00:01Z", None, 0.0, 0.0)
    document = json.loads(json.dumps(outcome.to_json(), allow_nan=False))
    assert document["differences"] == 2
    assert Parity.from_json(document) == outcome


def test_the_oracle_may_know_some_pairs_only() -> None:
    """Where it was not asked, only online and offline are compared; where it was, it may be the one that differs."""
    same = table([1.0, NAN], [2.5, 0.0])
    outcome = compare(["v:x", "v:y"], ASKED, Sides(same, same.copy(), table([2.5, 1.0]), np.array([1])))
    assert (outcome.online_offline, outcome.offline_oracle, outcome.differences, outcome.oracle_pairs) == (0, 1, 1, 1)
    assert outcome.first["v:y"].oracle == 1.0
    unknown = compare(["v:x", "v:y"], ASKED, Sides(same, same + 1, table([2.5, 0.0]), np.array([1])))
    assert unknown.first["v:x"].oracle is None


def test_parts_add_up() -> None:
    """Counts are summed; the first example of a feature is the first part's."""
    same, other = table([1.0, NAN], [2.5, 0.0]), table([1.0, NAN], [2.5, 1.0])
    parts = [compare(["v:x", "v:y"], ASKED, Sides(same, each, same, BOTH)) for each in (same, other, other)]
    parts[0] = replace(parts[0], verdicts={"late": 2}, replays=3, seconds={"online": 0.5})
    whole = together(parts)
    assert (whole.pairs, whole.values, whole.differences, whole.by_feature) == (6, 12, 2, {"v:y": 2})
    assert (whole.verdicts, whole.replays, whole.seconds, whole.features) == ({"late": 2}, 3, {"online": 0.5}, 2)
    assert not whole.holds
    assert together(parts[:1]).holds
