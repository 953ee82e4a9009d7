"""What CSV and JSON lines share: rows from lines, and the lines no row could be read from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Final

import numpy as np

from streaming.sources.batch import BrokenLine, SourceBatch
from streaming.sources.lines import LONGEST_LINE, LineBlock

SHOWN: Final = 500
Row = Sequence[str | None]


class LineUnreadable(Exception):
    """One line is not a row; the message says why. It never leaves this package."""


def rows_of(block: LineBlock, skip: int, columns: list[str], read: Callable[[str], Row]) -> SourceBatch:
    """Read each line of a block but the first `skip`; blank lines are no rows.

    `read` returns the values of `columns`, or raises LineUnreadable.
    """
    import pyarrow as pa

    values: list[Row] = []
    numbers: list[int] = []
    broken: list[BrokenLine] = []
    for number, raw in enumerate(block.lines[skip:], start=block.first + skip):
        if not raw or raw.isspace():
            continue
        try:
            values.append(read(_decode(raw)))
            numbers.append(number)
        except LineUnreadable as fault:
            broken.append(BrokenLine(number, str(fault), raw[:SHOWN].decode("utf-8", "replace")))
    by_column = zip(*values, strict=True) if values else ((),) * len(columns)
    found = {name: pa.array(column, pa.string()) for name, column in zip(columns, by_column, strict=True)}
    return SourceBatch(found, np.array(numbers, dtype=np.int64), broken, block.done)


def _decode(raw: bytes) -> str:
    if len(raw) > LONGEST_LINE:
        raise LineUnreadable(f"longer than {LONGEST_LINE} bytes")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        raise LineUnreadable("not UTF-8") from None
