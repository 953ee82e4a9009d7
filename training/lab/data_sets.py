"""Real tables the lab is measured on, one row per user or session. None of them is shipped; each has its source.

- Online Retail and its second edition (UCI 352 and 502; Chen, Sain, Guo 2012): invoice lines of a UK gift retailer.
- Online Shoppers (UCI 468; Sakar et al. 2018): 12,330 sessions, of which 1,908 ended in a purchase.
- Adult (UCI 2; Kohavi 1996): 48,842 persons of the 1994 census, of whom 11,687 earn more than 50,000 dollars.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray
from pyarrow import csv

from strata.errors import InputInvalid

RETAIL_FILES: Final = (
    "online_retail/online_retail_ii_2009_2010.parquet", "online_retail/online_retail_2010_2011.parquet",
)  # fmt: skip
SHOPPERS_FILE: Final = "online_shoppers_intention/online_shoppers_intention.csv.gz"
ADULT_FILE: Final = "adult_income/adult.csv.gz"
ADULT_TEST_ROWS: Final = 16_281
"""The standard test split, `adult.test`, comes first in this file: its first row is that file's first (25, Private,
226802, 11th), and row 16,282 is the first of `adult.data` (39, State-gov, 77516, Bachelors)."""


@dataclass(frozen=True)
class DataSet:
    """One table: features by column, and what else is known of each row."""

    name: str
    features: pa.Table
    """Strings are categories; null is missing."""
    labels: NDArray[np.int8] | None
    """1 for the positive class; None where there is nothing to predict."""
    groups: NDArray[np.int64]
    """Rows of one group are never split: exact repetitions, or one user's."""
    test: NDArray[np.bool_] | None
    """The published test split, where there is one."""


def online_retail(folder: Path) -> DataSet:
    """Recency, frequency, money and average basket of each customer at the end of the history, returns subtracted.

    Lines that both files hold (2010-12-01 to 2010-12-09) are taken from the second file alone.
    """
    first, second = (_file(folder, name) for name in RETAIL_FILES)
    query = (
        "WITH lines AS (SELECT * FROM read_parquet($first) WHERE InvoiceDate < TIMESTAMP '2010-12-01' "
        "UNION ALL SELECT * FROM read_parquet($second)), "
        "known AS (SELECT CustomerID AS customer, InvoiceDate AS bought_at, InvoiceNo AS invoice, "
        "Quantity * UnitPrice AS value FROM lines WHERE CustomerID IS NOT NULL), "
        "ends AS (SELECT max(bought_at) AS last_at FROM known) "
        "SELECT date_diff('second', max(bought_at) FILTER (WHERE value > 0), any_value(last_at)) / 86400.0 AS recency, "
        "count(DISTINCT invoice) FILTER (WHERE value > 0)::DOUBLE AS frequency, sum(value)::DOUBLE AS monetary, "
        "sum(value) / nullif(count(DISTINCT invoice) FILTER (WHERE value > 0), 0) AS basket, "
        "coalesce(-sum(value) FILTER (WHERE value < 0) / nullif(sum(value) FILTER (WHERE value > 0), 0), 0)::DOUBLE "
        "AS returned "
        "FROM known, ends GROUP BY customer ORDER BY customer"
    )
    with duckdb.connect() as connection:
        connection.execute("SET threads = 1")
        table = connection.sql(query, params={"first": str(first), "second": str(second)}).to_arrow_table()
    return DataSet("online_retail", table, None, np.arange(table.num_rows), None)


def online_shoppers(folder: Path) -> DataSet:
    """Sessions; the label is whether a purchase was made. Repeated rows are one group."""
    table = csv.read_csv(_file(folder, SHOPPERS_FILE))
    labels = np.asarray(table["Revenue"].to_numpy(zero_copy_only=False)).astype(np.int8)
    features = table.drop_columns(["Revenue"])
    named = ("Month", "VisitorType", "OperatingSystems", "Browser", "Region", "TrafficType")
    return DataSet("online_shoppers", _as_text(features, named), labels, repeated_rows(features), None)


def adult(folder: Path) -> DataSet:
    """Persons; the label is an income above 50,000 dollars. `?` is missing; the published test split is kept."""
    table = csv.read_csv(
        _file(folder, ADULT_FILE), convert_options=csv.ConvertOptions(null_values=["?"], strings_can_be_null=True)
    )
    labels = np.array([value.strip().startswith(">50K") for value in table["income"].to_pylist()], dtype=np.int8)
    features = table.drop_columns(["income"])
    return DataSet("adult", features, labels, repeated_rows(features), np.arange(len(labels)) < ADULT_TEST_ROWS)


LOADERS: Final[dict[str, Callable[[Path], DataSet]]] = {
    "online_retail": online_retail, "online_shoppers": online_shoppers, "adult": adult,
}  # fmt: skip


_FILES: Final = {"online_retail": RETAIL_FILES, "online_shoppers": (SHOPPERS_FILE,), "adult": (ADULT_FILE,)}


def check_files(folder: Path, tables: Iterable[str]) -> None:
    """Raise InputInvalid for the first file that a table is read from and is not there; others have none."""
    for table in tables:
        for name in _FILES.get(table, ()):
            _file(folder, name)


def repeated_rows(features: pa.Table) -> NDArray[np.int64]:
    """A number for each row, the same for rows equal in every column.

    >>> repeated_rows(pa.table({"a": [1, 2, 1], "b": ["x", "x", "x"]})).tolist()
    [0, 1, 0]
    """
    seen: dict[bytes, int] = {}
    rows = zip(*(column.to_pylist() for column in features.itercolumns()), strict=True)
    digests = (hashlib.sha256(repr(row).encode()).digest() for row in rows)
    return np.array([seen.setdefault(digest, len(seen)) for digest in digests], dtype=np.int64)


def _as_text(table: pa.Table, names: tuple[str, ...]) -> pa.Table:
    """Numbers that only name something become categories."""
    for name in names:
        table = table.set_column(table.column_names.index(name), name, table[name].cast(pa.string()))
    return table


def _file(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.is_file():
        raise InputInvalid(f"{path} is not there; give --data the folder that holds {name} (docs/lab.md says whence)")
    return path
