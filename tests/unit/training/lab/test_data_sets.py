"""Real tables read for the lab: counts and splits that their publishers state."""

from __future__ import annotations

import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from strata.errors import InputInvalid
from tests.doubles.shared_data import shared_file
from training.lab.data_sets import ADULT_FILE, RETAIL_FILES, SHOPPERS_FILE, adult, online_retail, online_shoppers


def invoice(customer: int | None, day: str, number: str, quantity: int, price: float) -> dict[str, object]:
    """One line of an invoice."""
    at = datetime.datetime.fromisoformat(f"{day}T12:00:00")
    return {"CustomerID": customer, "InvoiceDate": at, "InvoiceNo": number, "Quantity": quantity, "UnitPrice": price}


def test_retail_customers_in_the_head(tmp_path: Path) -> None:
    """Returns are subtracted, lines without a customer left out, and the nine days both files hold counted once."""
    both = invoice(1, "2010-12-05", "C", 1, 10.0)
    first = [invoice(1, "2010-11-30", "A", 2, 5.0), invoice(None, "2010-11-30", "B", 1, 1.0), both]
    second = [both, invoice(2, "2010-12-15", "D", 4, 2.0), invoice(2, "2010-12-15", "CE", -1, 2.0)]
    for name, lines in zip(RETAIL_FILES, (first, second), strict=True):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        pq.write_table(pa.Table.from_pylist(lines), tmp_path / name)
    found = online_retail(tmp_path).features.to_pydict()
    assert found == {
        "recency": [10.0, 0.0], "frequency": [2.0, 1.0], "monetary": [20.0, 6.0], "basket": [10.0, 6.0],
        "returned": [0.0, 0.25],
    }  # fmt: skip


def test_retail_has_its_customers() -> None:
    """5,942 of them over both years, as counted by others."""
    assert online_retail(shared_file(RETAIL_FILES[0]).parents[1]).features.num_rows == 5_942


def test_shoppers_has_its_sessions() -> None:
    """12,330 sessions, 1,908 purchases, 125 repeated rows, which share a group with the row they repeat."""
    found = online_shoppers(shared_file(SHOPPERS_FILE).parents[1])
    assert found.labels is not None
    assert (len(found.labels), int(found.labels.sum())) == (12_330, 1_908)
    assert len(found.labels) - len(np.unique(found.groups)) == 125
    assert found.features["Browser"].type == pa.string()


def test_adult_keeps_the_published_split() -> None:
    """16,281 test rows, 3,846 of them above 50,000 dollars, and no `?` left."""
    found = adult(shared_file(ADULT_FILE).parents[1])
    assert found.labels is not None
    assert found.test is not None
    assert (int(found.test.sum()), int(found.labels[found.test].sum())) == (16_281, 3_846)
    assert int(found.labels[~found.test].sum()) == 7_841
    assert "?" not in set(found.features["workclass"].to_pylist())
    assert found.features["workclass"].null_count == 2_799


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """With the option that says where."""
    with pytest.raises(InputInvalid, match=r"adult\.csv\.gz is not there; give --data"):
        adult(tmp_path)
