"""Small source files, a mapping for them, and the history they make."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from strata.clock import parse_instant
from streaming.importing import Imported, import_file
from streaming.mapping.load import LoadedMapping, parse_mapping

NOW_US = parse_instant("2024-01-01T00:00:00Z")
SHOP = """
name: shop
user: user
event_id: {columns: [id]}
event_type: purchase
time: {column: at, zone: Europe/London}
value: {column: price, allow: positive}
quantity: {column: units}
item: item
"""
ROW = {"id": "1", "user": "ann", "at": "2023-07-01T12:00:00", "price": "1.50", "units": "2", "item": "tea"}
Rows = Sequence[Mapping[str, Any]]


def rows(*changes: Mapping[str, Any]) -> list[dict[str, Any]]:
    """ROW with each set of changes; ids are numbered unless changed."""
    return [{**ROW, "id": str(number), **change} for number, change in enumerate(changes)]


def shop(text: str = SHOP) -> LoadedMapping:
    """A mapping that was parsed and not read from a file."""
    return LoadedMapping(parse_mapping(text, "shop.yaml"), Path("shop.yaml"))


def write_rows(path: Path, found: Rows) -> Path:
    """Write rows in the format that the path's name says."""
    names = list(found[0])
    if path.name.endswith(".parquet"):
        pq.write_table(pa.table({name: [row[name] for row in found] for name in names}), path)
        return path
    if ".csv" in path.name:
        lines = [",".join(names), *(",".join("" if row[n] is None else str(row[n]) for n in names) for row in found)]
    else:
        lines = [json.dumps(row) for row in found]
    data = ("\n".join(lines) + "\n").encode("utf-8")
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def bring_in(path: Path, home: Path, text: str = SHOP, *, batch_rows: int = 1000) -> Imported:
    """Import with a clock that stands at NOW_US."""
    return import_file(path, shop(text), home, NOW_US, batch_rows=batch_rows)


def events_of(home: Path, columns: str = "*") -> list[tuple[Any, ...]]:
    """All events, ordered by id; instants in microseconds."""
    return _ask(home / "history" / "events", "*/*.parquet", f"SELECT {columns} FROM found ORDER BY event_id")


def profile_of(home: Path, columns: str) -> list[tuple[Any, ...]]:
    """All facts, ordered by user and time."""
    return _ask(home / "history" / "profile", "*.parquet", f"SELECT {columns} FROM found ORDER BY user_id, event_time")


def quarantined(home: Path, columns: str = "source_row, reason") -> list[tuple[Any, ...]]:
    """All quarantined rows, ordered by source row."""
    return _ask(home / "quarantine", "*/*.parquet", f"SELECT {columns} FROM found ORDER BY source_row")


def _ask(folder: Path, pattern: str, question: str) -> list[tuple[Any, ...]]:
    if not any(folder.glob(pattern)):
        return []
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute(
            f"CREATE VIEW found AS SELECT * FROM read_parquet('{folder}/{pattern}', union_by_name = true, "
            "hive_partitioning = false)"
        )
        return connection.execute(question).fetchall()
