"""Records of the log as Parquet parts of the history, one part per month, each seen whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from strata.events import alias_schema, event_schema
from strata.features.packed import PackedEvent
from streaming.history import History
from streaming.store.parts import event_parts

if TYPE_CHECKING:
    import pyarrow as pa

PREFIX: Final = "stream-"


@dataclass(frozen=True)
class Span:
    """The records of one partition from `first` on, below `next`."""

    partition: int
    first: int
    next: int

    @property
    def stem(self) -> str:
        """The name of a part that holds them; sorts by partition, then offset."""
        return f"{PREFIX}{self.partition:05d}-{self.first:016d}-{self.next:016d}"

    @classmethod
    def of(cls, path: Path) -> Span | None:
        """The span a part is named for; None for a part that is not the stream's."""
        words = path.stem.removeprefix(PREFIX).split("-")
        if not path.name.startswith(PREFIX) or len(words) != 3 or not all(word.isdigit() for word in words):
            return None
        return cls(*map(int, words))


def write_events(history: History, span: Span, events: Sequence[PackedEvent]) -> None:
    """Write accepted events."""
    for folder, part in event_parts(events_table(events), history):
        _write(part, folder, span.stem)


def write_facts(history: History, span: Span, facts: Sequence[tuple[PackedEvent, Mapping[str, str]]]) -> None:
    """Write facts: a record with its fields, values as text."""
    _write(_facts_table(facts), history.profile, span.stem)


def write_aliases(history: History, span: Span, aliases: Sequence[tuple[PackedEvent, str]]) -> None:
    """Write aliases: a record with the user it names."""
    _write(_aliases_table(aliases), history.aliases, span.stem)


def remove_leftovers(history: History, positions: Mapping[int, int], partitions: Sequence[int]) -> int:
    """Remove the parts of some partitions that no position covers: a worker ended between writing and saying so."""
    removed = 0
    for path in [*history.event_files(), *history.profile_files(), *history.alias_files()]:
        span = Span.of(path)
        if span and span.partition in partitions and span.next > positions.get(span.partition, 0):
            path.unlink(missing_ok=True)
            removed += 1
    return removed


def remove_part(history: History, span: Span) -> None:
    """Remove the parts of a span that turned out to be another worker's to write."""
    for path in [*history.event_files(), *history.profile_files(), *history.alias_files()]:
        if Span.of(path) == span:
            path.unlink(missing_ok=True)


def events_table(events: Sequence[PackedEvent]) -> pa.Table:
    """Events in the history's schema, in their order."""
    import pyarrow as pa

    schema = event_schema()

    def column(name: str) -> pa.Array:
        if name == "event_time":
            return pa.array([event.event_time_us for event in events], schema.field(name).type)
        if name == "recorded_at":
            return pa.array([event.recorded_us for event in events], schema.field(name).type)
        return pa.array([getattr(event, name) for event in events], schema.field(name).type)

    return pa.table([column(name) for name in schema.names], schema=schema)


def _facts_table(facts: Sequence[tuple[PackedEvent, Mapping[str, str]]]) -> pa.Table:
    import pyarrow as pa

    instant = pa.timestamp("us", tz="UTC")
    names = sorted({name for _, values in facts for name in values})
    columns = {
        "user_id": pa.array([event.user_id for event, _ in facts], pa.string()),
        "event_time": pa.array([event.event_time_us for event, _ in facts], instant),
        "recorded_at": pa.array([event.recorded_us for event, _ in facts], instant),
    }
    columns |= {name: pa.array([values.get(name) for _, values in facts], pa.string()) for name in names}
    return pa.table(columns).sort_by("user_id")


def _aliases_table(aliases: Sequence[tuple[PackedEvent, str]]) -> pa.Table:
    import pyarrow as pa

    rows = [
        {
            "alias_id": event.user_id, "user_id": target, "event_id": event.event_id,
            "recorded_at": event.recorded_us,
        }
        for event, target in aliases
    ]  # fmt: skip
    schema = alias_schema()
    return pa.table({name: pa.array([row[name] for row in rows], schema.field(name).type) for name in schema.names})


def _write(table: pa.Table, folder: Path, stem: str) -> None:
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    hidden = folder / f".{stem}.tmp"
    with hidden.open("wb") as file:
        pq.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    hidden.replace(folder / f"{stem}.parquet")
