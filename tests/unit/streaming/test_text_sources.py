"""CSV and JSON lines as they come."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest
from small_imports import SHOP, bring_in, events_of, quarantined

from strata.errors import InputInvalid
from streaming.sources import lines
from streaming.sources.csv import CsvSource
from streaming.sources.lines import LONGEST_LINE
from streaming.store.totals import Totals

HEADER = b"id,user,at,price,units,item\n"
GOOD = b"%d,ann,2023-07-01T12:00:00,1.50,2,tea\n"


def test_a_bad_line_costs_itself_only(tmp_path: Path) -> None:
    """Lines with a stray quote, missing columns, bytes that are no text or no end are quarantined with their number."""
    written = [
        GOOD % 1, b'2,"ann,2023-07-01,1,1,tea\n', b"3,ann\n", b"\n", b"4,\xff\xfe,2023-07-01,1,1,tea\n",
        b"5," + b"x" * (LONGEST_LINE + 9) + b"\n",
        b'6,"a ""b"", c",2023-07-01,1,1,tea\r\n', b"7,a\rb,2023-07-01,1,1,t\n",
        GOOD.strip() % 8,
    ]  # fmt: skip
    path = tmp_path / "rows.csv"
    path.write_bytes(b"\xef\xbb\xbf" + HEADER + b"".join(written))
    done = bring_in(path, tmp_path / "home", batch_rows=3)
    assert events_of(tmp_path / "home", "event_id, user_id") == [
        ("shop|1", "ann"), ("shop|6", 'a "b", c'), ("shop|7", "a\rb"), ("shop|8", "ann"),
    ]  # fmt: skip
    assert quarantined(tmp_path / "home", "source_row, detail") == [
        (3, "unexpected end of data"), (4, "2 columns instead of 6"), (6, "not UTF-8"),
        (7, "longer than 1048576 bytes"),
    ]  # fmt: skip
    assert done.totals == Totals(read=8, accepted=4, quarantined=4, reasons={"broken_line": 4})
    assert quarantined(tmp_path / "home", "line")[1] == ("3,ann",)


def test_json_lines_as_they_come(tmp_path: Path) -> None:
    """Numbers keep their digits, keys may be absent, and what is no flat object is quarantined."""
    path = tmp_path / "rows.jsonl"
    path.write_bytes(
        b'{"id": 12345678901234567890, "user": 17, "at": "2023-07-01T12:00:00Z", "price": 1.10, "more": [1]}\n'
        b'{"id": 2, "user": {"name": "x"}}\n'
        b"[1, 2]\n"
        b"{broken\n"
        b'{"id": 3, "user": "\\ud800"}\n' + b"[" * 100_000 + b"\n"
        b'{"id": 4, "price": NaN, "user": true, "at": "2023-07-01"}\n'
    )
    text = SHOP.replace("quantity: {column: units}", "")
    bring_in(path, tmp_path / "home", text)
    assert events_of(tmp_path / "home", "event_id, user_id, value") == [("shop|12345678901234567890", "17", 110)]
    assert quarantined(tmp_path / "home", "source_row, coalesce(detail, reason)") == [
        (2, "user holds a list or an object"), (3, "not a JSON object"), (4, "not JSON"),
        (5, "user holds half of a character"), (6, "not JSON"), (7, "bad_value"),
    ]  # fmt: skip


def test_delimiters(tmp_path: Path) -> None:
    """A .tsv file is split at tabs, any file at the delimiter the mapping names."""
    line = (HEADER + GOOD % 1).replace(b",", b"\t")
    (tmp_path / "rows.tsv").write_bytes(line)
    bring_in(tmp_path / "rows.tsv", tmp_path / "home")
    (tmp_path / "rows.csv").write_bytes((HEADER + GOOD % 2).replace(b",", b";"))
    bring_in(tmp_path / "rows.csv", tmp_path / "home", SHOP + "delimiter: ';'\n")
    assert events_of(tmp_path / "home", "event_id") == [("shop|1",), ("shop|2",)]


def test_a_cut_gzip_file_keeps_what_came_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A gzip file that ends early is a sentence, and the batches read before stay."""
    monkeypatch.setattr(lines, "READ_BYTES", 1 << 16)
    whole = gzip.compress(HEADER + b"".join(GOOD % n for n in range(9_000)), 1)
    path = tmp_path / "rows.csv.gz"
    path.write_bytes(whole[:-500])
    with pytest.raises(InputInvalid, match="damaged gzip file"):
        bring_in(path, tmp_path / "home", batch_rows=2_000)
    kept = 1 + len(events_of(tmp_path / "home", "event_id"))
    assert kept in {2_000, 4_000, 6_000, 8_000}


def test_repeated_columns_are_refused(tmp_path: Path) -> None:
    """A column the mapping reads must be there once."""
    path = tmp_path / "rows.csv"
    path.write_bytes(b"id,user,user\n1,a,b\n")
    with pytest.raises(InputInvalid, match="2 columns named 'user'"):
        list(CsvSource(path).batches(["user"], 10))
