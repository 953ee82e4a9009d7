"""Parquet files."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from strata.errors import InputInvalid
from streaming.sources.batch import SourceBatch
from streaming.sources.columns import require_columns


class ParquetSource:
    """One Parquet file, read in batches of rows whatever the size of its row groups."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def batches(self, columns: list[str], batch_rows: int) -> Iterator[SourceBatch]:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            with pq.ParquetFile(self._path) as file:
                names = file.schema_arrow.names
                require_columns(columns, names, self._path)
                self._refuse_nested(columns, file.schema_arrow)
                read = 0
                for batch in file.iter_batches(batch_rows, columns=columns):
                    found = {name: batch.column(name) for name in columns}
                    rows = np.arange(read + 1, read + batch.num_rows + 1)
                    read += batch.num_rows
                    yield SourceBatch(found, rows, done=read / max(1, file.metadata.num_rows))
        except (pa.ArrowException, OSError) as error:
            reason = " ".join(str(error).split())[:200]
            raise InputInvalid(f"{self._path} cannot be read as Parquet: {reason}") from None

    def _refuse_nested(self, columns: list[str], schema: object) -> None:
        import pyarrow as pa

        for name in columns:
            kind = schema.field(name).type  # type: ignore[attr-defined]
            if pa.types.is_nested(kind):
                raise InputInvalid(f"column {name} of {self._path} holds {kind}; a mapping reads plain values only")
