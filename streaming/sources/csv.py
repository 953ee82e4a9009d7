"""CSV files with a header line. A quoted value may hold delimiters and quotes, but no line end."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator
from operator import itemgetter
from pathlib import Path

from strata.errors import InputInvalid
from streaming.sources.batch import SourceBatch
from streaming.sources.columns import require_columns
from streaming.sources.lines import LineBlock, read_blocks
from streaming.sources.text_rows import LineUnreadable, Row, rows_of


class CsvSource:
    """One CSV file, plain or gzipped. Each line is read by itself, so a stray quote costs its own line only."""

    def __init__(self, path: Path, delimiter: str = ",") -> None:
        self._path, self._delimiter = path, delimiter

    def batches(self, columns: list[str], batch_rows: int) -> Iterator[SourceBatch]:
        read: Callable[[str], Row] | None = None
        for block in read_blocks(self._path, batch_rows):
            skip = 0
            if read is None:
                read, skip = self._reader(block, columns), 1
            yield rows_of(block, skip, columns, read)
        if read is None:
            raise InputInvalid(f"{self._path} is empty; a CSV file begins with a line that names its columns")

    def _reader(self, block: LineBlock, columns: list[str]) -> Callable[[str], Row]:
        try:
            header = self._split(block.lines[0].decode("utf-8"))
        except (UnicodeDecodeError, LineUnreadable):
            raise InputInvalid(f"{self._path} does not begin with a line that names its columns") from None
        names = [name.strip() for name in header]
        require_columns(columns, names, self._path)
        width = len(names)
        positions = [names.index(name) for name in columns]
        pick = itemgetter(*positions) if len(positions) > 1 else lambda cells: (cells[positions[0]],)

        def read(line: str) -> Row:
            cells = line.split(self._delimiter) if '"' not in line else self._split(line)
            if len(cells) != width:
                raise LineUnreadable(f"{len(cells)} columns instead of {width}")
            picked: Row = pick(cells)
            return picked

        return read

    def _split(self, line: str) -> list[str]:
        try:
            return next(csv.reader((line,), delimiter=self._delimiter, strict=True), [])
        except csv.Error as error:
            raise LineUnreadable(str(error)) from None
