"""The sample of the log: one row per user, the same users whatever the files."""

import numpy as np
import pyarrow as pa

from monitoring.log.sample import UserSample


def rows(users: list[str], at: list[int]) -> pa.Table:
    """A file's worth of rows."""
    return pa.table({"user_id": users, "as_of": pa.array(at, pa.timestamp("us", tz="UTC")), "n": at})


def chosen(sample: UserSample) -> dict[str, int]:
    assert sample.table is not None
    return dict(zip(sample.table["user_id"].to_pylist(), sample.table["n"].to_pylist(), strict=True))


def test_each_user_counts_once_with_the_newest_row() -> None:
    """A user asked a hundred times has one row, the newest, wherever it was written."""
    sample = UserSample(limit=10, seed=0)
    sample.add(rows(["a", "b", "a"], [1, 5, 9]))
    sample.add(rows(["b", "a"], [7, 3]))
    assert chosen(sample) == {"a": 9, "b": 7}
    assert not sample.full


def test_the_choice_depends_on_users_and_seed_only() -> None:
    """Files in another order, split elsewhere, give the same users; another seed gives others."""
    users = [f"user-{index}" for index in range(1_000)]
    one, other, reseeded = (UserSample(limit=100, seed=seed) for seed in (1, 1, 2))
    one.add(rows(users, list(range(1_000))))
    for start in range(900, -1, -100):
        other.add(rows(users[start : start + 100], list(range(start, start + 100))))
    reseeded.add(rows(users, list(range(1_000))))
    assert chosen(one) == chosen(other)
    assert one.full
    assert len(chosen(one)) == 100
    assert chosen(one) != chosen(reseeded)


def test_busy_users_are_not_more_likely_to_be_chosen() -> None:
    """Half of the users are asked 20 times as often; about half of the sample are such users."""
    users = [f"u{index}" for index in range(2_000)]
    sample = UserSample(limit=400, seed=3)
    repeated = users[:1_000] * 20 + users[1_000:]
    sample.add(rows(repeated, list(range(len(repeated)))))
    busy = np.mean([int(name[1:]) < 1_000 for name in chosen(sample)])
    assert 0.42 < busy < 0.58


def test_no_rows_leave_no_sample() -> None:
    """An empty file is nothing."""
    sample = UserSample(limit=10, seed=0)
    sample.add(rows([], []))
    assert sample.table is None
