"""From a path to a source."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from strata.errors import InputInvalid
from streaming.mapping.model import EventMapping, FactMapping
from streaming.sources.batch import Source
from streaming.sources.csv import CsvSource
from streaming.sources.jsonl import JsonLinesSource
from streaming.sources.parquet import ParquetSource

_BY_SUFFIX: Final = {
    ".csv": "csv", ".tsv": "csv", ".parquet": "parquet", ".pq": "parquet", ".jsonl": "jsonl", ".ndjson": "jsonl",
}  # fmt: skip


def open_source(path: Path, mapping: EventMapping | FactMapping) -> Source:
    """The source of a file. Raises InputInvalid when there is no such file or its format is unknown."""
    if path.is_dir():
        raise InputInvalid(f"{path} is a folder; name the files in it one by one, or with a pattern of your shell")
    if not path.is_file():
        raise InputInvalid(f"there is no file {path}")
    suffix = Path(path.name.removesuffix(".gz")).suffix.lower()
    kind = mapping.format or _BY_SUFFIX.get(suffix)
    if kind is None:
        raise InputInvalid(
            f"{path} ends in none of {', '.join(_BY_SUFFIX)} (or these with .gz); put 'format: csv' or what it is "
            "into the mapping"
        )
    if kind == "parquet":
        return ParquetSource(path)
    if kind == "jsonl":
        return JsonLinesSource(path)
    return CsvSource(path, "\t" if suffix == ".tsv" and mapping.delimiter == "," else mapping.delimiter)
