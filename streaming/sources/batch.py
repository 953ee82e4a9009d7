"""What every source yields."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class BrokenLine:
    """A line no columns could be read from."""

    row: int
    why: str
    line: str
    """The beginning of it, as text."""


@dataclass(frozen=True)
class SourceBatch:
    """Consecutive rows of a source."""

    columns: dict[str, pa.Array]
    """The columns asked for, equally long."""
    rows: NDArray[np.int64]
    """Where each stood: the line number of a text file, the row number (from 1) of a Parquet file."""
    broken: list[BrokenLine] = field(default_factory=list)
    done: float = 0.0
    """The share of the file that has been read, 0..1."""

    @property
    def row_count(self) -> int:
        """Rows read, broken ones among them."""
        return len(self.rows) + len(self.broken)


class Source(Protocol):
    """A file that yields its rows, always in the same order and, for one `batch_rows`, in the same batches."""

    def batches(self, columns: list[str], batch_rows: int) -> Iterator[SourceBatch]:
        """Stream the columns. Raises InputInvalid when the file is unreadable or lacks a column."""
        ...
