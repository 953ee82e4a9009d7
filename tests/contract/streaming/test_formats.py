"""One suite for every format a source may have."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_imports import SHOP, bring_in, events_of, quarantined, rows, write_rows

from strata.errors import InputInvalid
from streaming.store.totals import Totals

FORMATS = ["rows.csv", "rows.csv.gz", "rows.jsonl", "rows.jsonl.gz", "rows.parquet"]
MADE = rows({}, {"user": None}, {"price": "0"}, {"id": "0"}, {"user": "b ob", "price": "12.345"}, {"at": None})


@pytest.mark.parametrize("name", FORMATS)
@pytest.mark.parametrize("batch_rows", [1, 2, 1000])
def test_the_same_rows_make_the_same_history(tmp_path: Path, name: str, batch_rows: int) -> None:
    """Whatever the format and the size of batches, rows become the same events and the same quarantine."""
    home = tmp_path / "home"
    done = bring_in(write_rows(tmp_path / name, MADE), home, batch_rows=batch_rows)
    reasons = {"missing_user": 1, "zero_value": 1, "missing_time": 1}
    assert done.totals == Totals(read=6, accepted=2, duplicate=1, quarantined=3, rounded=1, reasons=reasons)
    assert events_of(home, "event_id, user_id, value, quantity, utc_offset_s") == [
        ("shop|0", "ann", 150, 2, 3600), ("shop|4", "b ob", 1234, 2, 3600),
    ]  # fmt: skip
    first = 2 if ".csv" in name else 1
    assert quarantined(home) == [
        (first + 1, "missing_user"), (first + 2, "zero_value"), (first + 5, "missing_time"),
    ]  # fmt: skip
    assert quarantined(home, "price")[1] == ("0",)


@pytest.mark.parametrize("name", FORMATS)
def test_a_source_without_rows(tmp_path: Path, name: str) -> None:
    """A file with columns and no rows is an import of nothing."""
    path = write_rows(tmp_path / name, MADE[:1])
    text = SHOP + "keep: [{column: user, missing: true}]\n"
    assert bring_in(path, tmp_path / "home", text).totals.reasons == {"filtered": 1}


@pytest.mark.parametrize("name", [name for name in FORMATS if "jsonl" not in name])
def test_a_missing_column(tmp_path: Path, name: str) -> None:
    """A column that is not there is refused, with the columns there are. (JSON lines have no columns to check.)"""
    path = write_rows(tmp_path / name, MADE)
    with pytest.raises(InputInvalid, match=r"has no column 'prize', .* did you mean 'price'\? it has id, user, at"):
        bring_in(path, tmp_path / "home", SHOP.replace("price", "prize"))
