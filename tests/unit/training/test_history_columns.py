"""A file of the history that is not what it is read as is named before a training believes it."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from history_files import write_aliases, write_facts
from toy_training import NOW_US, RESPONDERS, TIERS, ToyReader, toy_definition, write_events, write_toy_events

from strata.errors import InputInvalid
from strata.events import event_schema
from training.history_columns import check_columns
from training.produce import Sources, produce

FACT = {"user_id": "a", "event_time_us": 1, "kids": "2"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The second of two months' files of a sound history with facts."""
    write_events(tmp_path / "history", [("a", "purchase", 1)])
    write_events(tmp_path / "history", [("b", "purchase", 2)], value=3, month="2017-02")
    write_facts(tmp_path, [FACT])
    return tmp_path / "history" / "events" / "month=2017-02" / "toy.parquet"


def _rewrite(path: Path, name: str, kind: pa.DataType | None) -> None:
    """As pyarrow or another tool would: a column cast to another type, or left out."""
    table = pq.read_table(path, partitioning=None)
    place = table.schema.get_field_index(name)
    column = table[name]
    table = table.remove_column(place)
    if kind is not None:
        table = table.add_column(place, name, column.cast(kind) if kind != pa.bool_() else pa.array([True]))
    pq.write_table(table, path)


@pytest.mark.parametrize("name", event_schema().names)
def test_every_column_of_an_event_is_wanted(file: Path, name: str) -> None:
    """Those that may be null too: their absence would be read as nobody having any."""
    _rewrite(file, name, None)
    told = (
        rf"/history cannot be read: events/month=2017-02/toy\.parquet has no column {name}, which should hold .*; res"
    )
    with pytest.raises(InputInvalid, match=told):
        check_columns(file.parents[2])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("event_type", pa.bool_()), ("event_time", pa.int64()), ("event_time", pa.timestamp("us")),
        ("recorded_at", pa.timestamp("ns", tz="UTC")),
        ("value", pa.float64()), ("value", pa.string()), ("utc_offset_s", pa.float32()), ("user_id", pa.binary()),
    ],
)  # fmt: skip
def test_a_column_of_another_kind_is_named(file: Path, name: str, kind: pa.DataType) -> None:
    """With both kinds: money that is no whole number of cents, an instant without its zone."""
    _rewrite(file, name, kind)
    with pytest.raises(InputInvalid, match=rf"has {kind} in its column {name}, which should hold ".replace("[", r"\[")):
        check_columns(file.parents[2])


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("event_type", pa.large_string()), ("category", pa.dictionary(pa.int32(), pa.string())),
        ("event_time", pa.timestamp("us", tz="+02:00")), ("value", pa.int32()),
    ],
)  # fmt: skip
def test_the_same_values_packed_otherwise_are_fine(file: Path, name: str, kind: pa.DataType) -> None:
    """Tools pack texts and numbers as they like; columns of one's own are nobody's business."""
    _rewrite(file, name, kind)
    table = pq.read_table(file, partitioning=None)
    pq.write_table(table.append_column("shop", pa.array([1])), file)
    check_columns(file.parents[2])


def test_facts_and_aliases_are_looked_at_too(file: Path) -> None:
    """Whose and when they were recorded; a file that is none is named with what its reader says."""
    history = file.parents[2]
    write_aliases(history.parent, [])
    check_columns(history)
    for path, name in (("aliases/a.parquet", "alias_id"), ("profile/a.parquet", "recorded_at")):
        _rewrite(history / path, name, None)
        with pytest.raises(InputInvalid, match=rf"{path} has no column {name}"):
            check_columns(history)
    file.write_bytes(b"PAR1")
    with pytest.raises(InputInvalid, match=r"month=2017-02/toy\.parquet is damaged \(.*\); restore that file"):
        check_columns(history)


@pytest.mark.parametrize("document", [TIERS, RESPONDERS], ids=["clusters", "labels"])
def test_no_training_ends_well_on_part_of_a_history(tmp_path: Path, document: dict[str, object]) -> None:
    """Before any feature is read, and nothing is registered."""
    sources = Sources(ToyReader(), write_toy_events(tmp_path / "history"))
    _rewrite(next((tmp_path / "history").rglob("*.parquet")), "event_type", None)
    with pytest.raises(InputInvalid, match="has no column event_type"):
        produce(toy_definition(document), sources, packages=tmp_path / "packages", as_of_us=NOW_US)
    assert not any((tmp_path / "packages").rglob("manifest.json"))
