"""A batch that has been through the door."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from streaming.door.reasons import Verdict
from streaming.sources.batch import SourceBatch

if TYPE_CHECKING:
    import pyarrow as pa


@dataclass(frozen=True)
class Judged:
    """Accepted rows as the history keeps them, and what became of the others."""

    accepted: pa.Table
    """In row order; its `event_id` column (facts: `fact_id`, which is not kept) says which rows are the same."""
    verdict: Verdict
    """One entry for each row of the batch that could be read."""
    rounded: int
    """Accepted rows whose amounts had more decimals than cents."""


class Door(Protocol):
    """Turns source batches into rows of the history. Batches must come in file order, each once."""

    id_column: str
    schema: pa.Schema

    def judge(self, batch: SourceBatch) -> Judged:
        """Judge every row of a batch."""
        ...

    def pass_over(self, batch: SourceBatch) -> None:
        """Take note of a batch that an earlier run has kept already."""
        ...
