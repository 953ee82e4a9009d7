"""A prepared history several times over, each time of other users: a backfill that has more to do than start."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any


def multiply(history: Path, into: Path, copies: int) -> None:
    """Write `copies` of a history's events and facts; users and event ids of each copy have a name of their own."""
    for path in sorted(history.rglob("*.parquet")):
        if path.name.startswith("."):
            continue
        target = into / path.relative_to(history).parent
        target.mkdir(parents=True, exist_ok=True)
        for copy in range(copies):
            _write_copy(path, target / f"copy{copy}-{path.name}", copy)
    for path in history.glob("*.json"):
        shutil.copy(path, into)


def _write_copy(path: Path, target: Path, copy: int) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    table: Any = pq.ParquetFile(path).read()
    for name in ("user_id", "event_id", "alias_id"):
        if name in table.column_names:
            position = table.column_names.index(name)
            named = pc.binary_join_element_wise(table.column(name), pa.scalar(f"~{copy}"), "")
            table = table.set_column(position, table.schema.field(position), named)
    pq.write_table(table, target, compression="zstd")
