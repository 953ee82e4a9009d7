"""One row per user, uniformly over users, in one pass: the k users whose seeded hash is smallest, newest row each.

Rows of one user are not independent (a user asked a hundred times would count a hundredfold, and every test of drift
assumes independent rows), so each user counts once. The choice depends on the seed and the users only, not on the
order or number of files; memory is bounded by k rows and one file.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

HASH = "__hash"


class UserSample:
    """Feed tables with `add`; read the sample from `table`."""

    def __init__(self, limit: int, seed: int) -> None:
        self._limit = limit
        self._key = f"strata{seed % 10**10:010d}"
        self._held: pa.Table | None = None
        self._full = False

    @property
    def full(self) -> bool:
        """Whether users had to be left out."""
        return self._full

    @property
    def table(self) -> pa.Table | None:
        """The sampled rows in hash order; None before any row."""
        return None if self._held is None else self._held.drop_columns([HASH])

    def add(self, rows: pa.Table) -> None:
        """Take the rows of one file; needs `user_id` and `as_of`."""
        if rows.num_rows == 0:
            return
        hashed = self._within_reach(rows.append_column(HASH, pa.array(self._hash(rows["user_id"]))))
        pooled = hashed if self._held is None else pa.concat_tables([self._held, hashed])
        newest = _newest_per_user(pooled)
        self._full = self._full or newest.num_rows > self._limit
        self._held = newest.slice(0, self._limit).combine_chunks()

    def _within_reach(self, hashed: pa.Table) -> pa.Table:
        """Only rows that can still be chosen: once the sample is full, those not beyond its largest hash."""
        if self._held is None or self._held.num_rows < self._limit:
            return hashed
        reachable = pc.less_equal(hashed[HASH], self._held[HASH][-1])
        self._full = self._full or not pc.all(reachable).as_py()
        return hashed.filter(reachable)

    def _hash(self, users: pa.ChunkedArray) -> np.ndarray[tuple[int], np.dtype[np.uint64]]:
        from pandas.util import hash_array

        names = users.cast(pa.string()).to_numpy(zero_copy_only=False)
        hashes: np.ndarray[tuple[int], np.dtype[np.uint64]] = hash_array(names, hash_key=self._key, categorize=False)
        return hashes


def _newest_per_user(rows: pa.Table) -> pa.Table:
    """Rows sorted by hash, the newest `as_of` of each user (of equals, the one added last)."""
    numbered = rows.append_column("__n", pa.array(np.arange(rows.num_rows)))
    order = pc.sort_indices(
        numbered,
        sort_keys=[(HASH, "ascending"), ("user_id", "ascending"), ("as_of", "descending"), ("__n", "descending")],
    )
    ordered = rows.take(order)
    users = ordered["user_id"].to_numpy(zero_copy_only=False)
    first = np.ones(len(users), dtype=bool)
    first[1:] = users[1:] != users[:-1]
    return ordered.filter(pa.array(first))
