"""JSON lines: one object to a line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

from streaming.sources.batch import SourceBatch
from streaming.sources.lines import read_blocks
from streaming.sources.text_rows import LineUnreadable, Row, rows_of

# Numbers stay as they are written: 1.10 is not 1.1, and no integer is too large to be read.
_DECODER = json.JSONDecoder(parse_float=str, parse_int=str, parse_constant=str)


class JsonLinesSource:
    """One JSON lines file, plain or gzipped. A key that is absent, or null, is a missing value."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def batches(self, columns: list[str], batch_rows: int) -> Iterator[SourceBatch]:
        def read(line: str) -> Row:
            return [_plain(name, value) for name, value in _pick(line, columns)]

        for block in read_blocks(self._path, batch_rows):
            yield rows_of(block, 0, columns, read)


def _pick(line: str, columns: list[str]) -> list[tuple[str, object]]:
    try:
        found = _DECODER.decode(line)
    except (ValueError, RecursionError):
        raise LineUnreadable("not JSON") from None
    if not isinstance(found, dict):
        raise LineUnreadable("not a JSON object")
    return [(name, found.get(name)) for name in columns]


def _plain(name: str, value: object) -> str | None:
    if value is None or isinstance(value, str):
        if value is not None and not value.isascii():
            _refuse_half_characters(name, value)
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    raise LineUnreadable(f"{name} holds a list or an object")


def _refuse_half_characters(name: str, value: str) -> None:
    """JSON can spell half of a surrogate pair, which is no text."""
    try:
        value.encode("utf-8")
    except UnicodeEncodeError:
        raise LineUnreadable(f"{name} holds half of a character") from None
