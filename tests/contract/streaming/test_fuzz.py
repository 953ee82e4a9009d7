"""Whatever comes to the door, the answer is a summary that adds up, or a sentence."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from small_imports import NOW_US, SHOP, bring_in, events_of, quarantined, shop

from strata.errors import DefinitionInvalid, StrataError
from streaming.importing import import_file
from streaming.mapping.load import LoadedMapping, parse_mapping

NAMES = ["id", "user", "at", "price", "units", "item"]
HEADER = (",".join(NAMES) + "\n").encode()
CELLS = st.one_of(
    st.sampled_from(["", "1", "-0", "1e308", "nan", "2023-07-01", "2023-02-30T99:00", "0001-01-01", "9" * 50]),
    st.sampled_from(['"', "\\|", "\x00"]),
    st.text(max_size=8),
)  # fmt: skip
LINES = st.lists(st.lists(CELLS, min_size=1, max_size=8), max_size=8)
COLUMNS = st.one_of(
    st.just(pa.array([1, -1, None, 2**62])),
    st.just(pa.array([0.5, float("nan"), float("-inf"), 1e308])),
    st.just(pa.array([None, "a", "", "2023-07-01"])),
    st.just(pa.array([0, 2**62, None, -(2**62)], pa.timestamp("ns"))),
    st.just(pa.array([0, 2**62, None, -(2**62)], pa.timestamp("ms", "UTC"))),
    st.just(pa.array([0, 2**31 - 1, None, -(2**31)], pa.date32())),
    st.just(pa.array([True, None, False, True])),
    st.just(pa.array([b"\xff", b"a", None, b""])),
    st.just(pa.array(["a", "b", None, "a"]).dictionary_encode()),
    st.just(pa.array([1, 2, 3, None], pa.time32("s"))),
    st.just(pa.array([1, 2, 3, None], pa.duration("s"))),
    st.just(pa.nulls(4)),
    st.just(pa.array([[1], None, [], [2]])),
)


def try_import(name: str, data: bytes, text: str = SHOP) -> None:
    """Import bytes as a file of that name; check what is promised of every outcome."""
    with tempfile.TemporaryDirectory() as folder:
        home, path = Path(folder) / "home", Path(folder) / name
        path.write_bytes(data)
        try:
            done = bring_in(path, home, text, batch_rows=3)
        except StrataError:
            return
        assert len(events_of(home, "event_id")) == done.totals.accepted
        assert len(quarantined(home)) == done.totals.quarantined
        again = bring_in(path, home, text, batch_rows=3).totals
        assert (again.accepted, again.duplicate) == (0, done.totals.accepted + done.totals.duplicate)


@settings(deadline=None, derandomize=True, max_examples=20)
@given(st.sampled_from(["f.csv", "f.jsonl", "f.parquet", "f.csv.gz", "f.jsonl.gz", "f.tsv"]), st.binary(max_size=200))
def test_random_bytes(name: str, data: bytes) -> None:
    """Random bytes are refused or quarantined in any format."""
    try_import(name, data)
    try_import(name, HEADER + data)


@settings(deadline=None, derandomize=True, max_examples=25)
@given(LINES)
def test_random_cells(lines: list[list[str]]) -> None:
    """Random cells are judged row by row."""
    text = "\n".join(",".join(cells) for cells in lines)
    try_import("f.csv", HEADER + text.encode("utf-8", "surrogatepass"))


@settings(deadline=None, derandomize=True, max_examples=40)
@given(st.dictionaries(st.sampled_from(NAMES), COLUMNS, min_size=1, max_size=3))
def test_random_column_types(strange: dict[str, pa.Array]) -> None:
    """Any Parquet type in any place is judged row by row, or refused."""
    plain = {
        "id": [1, 2, 3, 4], "user": list("abcd"), "at": ["2023-07-01"] * 4,
        "price": [1.5] * 4, "units": [1] * 4, "item": ["tea"] * 4,
    }  # fmt: skip
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.parquet"
        pq.write_table(pa.table({**plain, **strange}), path)
        try_import("f.parquet", path.read_bytes())


KEYS = list(yaml.safe_load(SHOP))
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.sampled_from([*NAMES, "UTC", "purchase", "any"]),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(
        ["column", "columns", "zone", "format", "unit", "at", "hash", "rules", "when", "allow", "scale", "lookup"]
    ), inner, max_size=3)),
    max_leaves=6,
)  # fmt: skip


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.dictionaries(st.sampled_from([*KEYS, "kind", "keep", "discount", "item"]), VALUES, max_size=3))
def test_random_mappings(change: dict[str, Any]) -> None:
    """A mapping with anything in the place of anything is refused with a sentence, or works."""
    text = yaml.safe_dump({**yaml.safe_load(SHOP), **change})
    try:
        mapping = parse_mapping(text, "m.yaml")
    except DefinitionInvalid:
        return
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "f.csv"
        path.write_bytes(HEADER + b"1,ann,2023-07-01,1.5,2,tea\n")
        try:
            import_file(path, LoadedMapping(mapping, shop().path), Path(folder) / "home", NOW_US)
        except StrataError:
            return


@settings(deadline=None, derandomize=True, max_examples=60)
@given(st.text(max_size=60))
def test_random_mapping_text(text: str) -> None:
    """Text that is no mapping is refused with a sentence."""
    with pytest.raises(DefinitionInvalid, match=r"mapping m\.yaml"):
        parse_mapping(text, "m.yaml")
