"""A plain table as training rows."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from strata.errors import InputInvalid
from training.tables import gather_table

TABLE = pa.table({"age": [1, None, 3], "sex": ["f", "m", None], "member": [True, False, None]})


def test_columns_become_features() -> None:
    """Strings are positions among their names in order, truth values 0 and 1, null is missing."""
    rows = gather_table("toy", TABLE, None, np.arange(3), seed=1).rows
    assert [(each.key, each.dtype, each.categories) for each in rows.schema.features] == [
        ("toy:age", "float64", ()), ("toy:sex", "string", ("f", "m")), ("toy:member", "bool", ()),
    ]  # fmt: skip
    np.testing.assert_array_equal(rows.train.values, [[1, 0, 1], [np.nan, 1, 0], [3, np.nan, np.nan]])


def test_groups_stay_together() -> None:
    """No group has rows in two parts, and each part has some."""
    groups = np.repeat(np.arange(50), 4)
    table = pa.table({"group": groups})
    rows = gather_table("toy", table, np.tile([0, 1], 100).astype(np.int8), groups, seed=1).rows
    assert rows.validation is not None
    assert rows.test is not None
    parts = [set(part.values[:, 0].tolist()) for part in (rows.train, rows.validation, rows.test)]
    assert all(parts)
    assert sum(len(part) for part in parts) == len(set.union(*parts)) == 50


def test_a_published_test_part_is_kept() -> None:
    """Its rows, all of them and no others, are the test part."""
    test = np.arange(40) < 13
    rows = gather_table(
        "toy", pa.table({"row": np.arange(40)}), np.zeros(40, dtype=np.int8), np.arange(40), test, seed=1
    ).rows
    assert rows.test is not None
    assert rows.test.values[:, 0].tolist() == list(range(13))


@pytest.mark.parametrize(
    ("table", "said"),
    [(pa.table({}), "is empty"), (TABLE.slice(0, 0), "is empty"), (pa.table({"a": [[1]]}), "column a of toy is list")],
)
def test_what_is_no_table_of_features_is_refused(table: pa.Table, said: str) -> None:
    """With a sentence."""
    with pytest.raises(InputInvalid, match=said):
        gather_table("toy", table, None, np.arange(table.num_rows), seed=1)
