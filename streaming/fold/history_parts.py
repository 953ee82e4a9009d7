"""Records of the log as Parquet parts of the history, one part per month: written hidden, seen once they count."""

from __future__ import annotations

import os
import secrets
from collections.abc import Collection, Mapping, Sequence
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


Files = list[tuple[Path, Path]]
"""(hidden, final): parts that are written and that nobody sees."""


def stage_events(history: History, span: Span, events: Sequence[PackedEvent]) -> Files:
    """Write accepted events, hidden."""
    return [_write(part, folder, span.stem) for folder, part in event_parts(events_table(events), history)]


def stage_facts(history: History, span: Span, facts: Sequence[tuple[PackedEvent, Mapping[str, str]]]) -> Files:
    """Write facts, hidden: a record with its fields, values as text."""
    return [_write(_facts_table(facts), history.profile, span.stem)]


def stage_aliases(history: History, span: Span, aliases: Sequence[tuple[PackedEvent, str]]) -> Files:
    """Write aliases, hidden: a record with the user it names."""
    return [_write(_aliases_table(aliases), history.aliases, span.stem)]


def remove_leftovers(history: History, positions: Mapping[int, int], partitions: Collection[int]) -> int:
    """Remove the parts of some partitions that no position covers, and hidden ones: a worker ended between writing and
    saying so. The positions must be held meanwhile."""
    removed = 0
    for path in [*history.event_files(), *history.profile_files(), *history.alias_files()]:
        span = Span.of(path)
        if span and span.partition in partitions and span.next > positions.get(span.partition, 0):
            path.unlink(missing_ok=True)
            removed += 1
    for folder in (history.events, history.profile, history.aliases):
        for path in folder.rglob(f".{PREFIX}*.tmp"):
            span = Span.of(path.with_name(path.name[1:].split(".")[0]))
            if span and span.partition in partitions:
                path.unlink(missing_ok=True)
    return removed


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


def _write(table: pa.Table, folder: Path, stem: str) -> tuple[Path, Path]:
    import pyarrow.parquet as pq

    folder.mkdir(parents=True, exist_ok=True)
    # Two workers that both believe to own a partition must not write into one another's file.
    hidden = folder / f".{stem}.{secrets.token_hex(4)}.tmp"
    with hidden.open("wb") as file:
        pq.write_table(table, file, compression="zstd")
        file.flush()
        os.fsync(file.fileno())
    return hidden, folder / f"{stem}.parquet"
