"""From a file and a mapping to what reads and judges its rows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from streaming.columns.times import constant_instant
from streaming.door.event_door import EventDoor
from streaming.door.fact_door import FactDoor
from streaming.door.judged import Door
from streaming.door.lookups import LookupTable, load_lookup, locate_lookup
from streaming.extent import earliest_event_us
from streaming.history import History
from streaming.mapping.load import LoadedMapping
from streaming.mapping.model import CategoryColumn, EventMapping, FactMapping, TimeConstant
from streaming.mapping.needed import needed_columns
from streaming.sources.batch import Source
from streaming.sources.open import open_source


@dataclass(frozen=True)
class Opened:
    """A file about to be read. Its rows come as `door.judge(batch)` for each of `source.batches(columns, ...)`."""

    source: Source
    columns: list[str]
    door: Door
    holds_facts: bool


def open_door(path: Path, loaded: LoadedMapping, history: History, now_us: int) -> Opened:
    """Open one file; rows past `now_us` are in the future. Raises InputInvalid and DefinitionInvalid."""
    mapping = loaded.mapping
    return Opened(
        open_source(path, mapping),
        needed_columns(mapping),
        _make_door(mapping, history, now_us, lookup_path(path, loaded)),
        isinstance(mapping, FactMapping),
    )


def lookup_path(path: Path, loaded: LoadedMapping) -> Path | None:
    """The file a mapping looks categories up in, if it does."""
    mapping = loaded.mapping
    if not isinstance(mapping, EventMapping) or not isinstance(mapping.category, CategoryColumn):
        return None
    lookup = mapping.category.lookup
    return locate_lookup(lookup, path, loaded.path) if lookup else None


def _make_door(mapping: EventMapping | FactMapping, history: History, now_us: int, lookup: Path | None) -> Door:
    if isinstance(mapping, EventMapping):
        return EventDoor(mapping, now_us, _load_table(mapping, lookup))
    constant_us = 0
    if isinstance(mapping.time, TimeConstant):
        constant_us = earliest_event_us(history) if mapping.time.earliest else constant_instant(mapping.time)
    return FactDoor(mapping, now_us, constant_us)


def _load_table(mapping: EventMapping, path: Path | None) -> LookupTable | None:
    if path is None or not isinstance(mapping.category, CategoryColumn) or mapping.category.lookup is None:
        return None
    return load_lookup(mapping.category.lookup, path, mapping)
