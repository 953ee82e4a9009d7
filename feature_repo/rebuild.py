"""Online rows from the history, in bulk: no protobuf, no value per cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from feature_repo.offline.bulk import Part, event_parts, newest_facts, read_users
from feature_repo.offline.history import ParquetSource
from feature_repo.online.write_rows import put_newest
from feature_repo.rebuild_aliases import build_aliased
from strata.features.build import build_rows
from strata.features.events import EventBatch
from strata.features.facts import encode_row
from strata.features.layout import Layout
from strata.features.plan import Plan
from strata.state.ports import StateWriter
from streaming.fold.positions import read_positions
from streaming.log.partition import partition_of

Progress = Callable[[int, int], None]
"""Told how many events of how many are done."""
_FACTS_PER_WRITE: Final = 10_000
_GROUPS_AT_A_TIME: Final = 200


@dataclass(frozen=True)
class LogStart:
    """From where the log goes on after a rebuild: what the history holds of it."""

    positions: Mapping[int, int] = field(default_factory=dict)
    """Partition to the first offset that is not in the history; empty without a stream."""
    partitions: int = 1

    def position_of(self, user: str) -> int:
        """The last offset of a user's partition that is in the history; -1 for none."""
        return self.positions.get(partition_of(user, self.partitions), 0) - 1


def read_log_start(history_root: Path, partitions: int) -> LogStart:
    """To be read before the history is: what comes into it later is known again by its id."""
    return LogStart(read_positions(history_root), partitions)


def table_rows(
    layout: Layout,
    source: ParquetSource,
    watermark_us: int,
    *,
    start: LogStart | None = None,
    progress: Progress | None = None,
) -> Iterator[tuple[str, bytes]]:
    """Every row of a table as of the watermark: users in byte order, then those that aliases are about."""
    start = start or LogStart()
    book = source.aliases(watermark_us)
    apart = frozenset(name for user, others in book.groups().items() for name in (user, *others))
    for part, batch in _read_ahead(event_parts(source, watermark_us), apart):
        yield from build_rows(layout, batch, start.position_of)
        if progress:
            progress(part.done, part.total)
    every = list(book.groups().items())
    for first in range(0, len(every), _GROUPS_AT_A_TIME):
        groups = dict(every[first : first + _GROUPS_AT_A_TIME])
        users = [name for user, others in groups.items() for name in (user, *others)]
        events = EventBatch.from_arrow(read_users(source, watermark_us, users))
        yield from build_aliased(layout, book, groups, events, start.position_of)


def _read_ahead(parts: Iterator[Part], apart: Set[str]) -> Iterator[tuple[Part, EventBatch]]:
    """Each part in the kernel's form; the next one is read while this one is built: both let go of the interpreter."""

    def read() -> tuple[Part, EventBatch] | None:
        part = next(parts, None)
        return None if part is None else (part, part.batch(without=apart))

    with ThreadPoolExecutor(1, thread_name_prefix="read-ahead") as reader:
        reading = reader.submit(read)
        while (found := reading.result()) is not None:
            reading = reader.submit(read)
            yield found


def refresh_facts(state: StateWriter, plan: Plan, source: ParquetSource, start_us: int, watermark_us: int) -> int:
    """Write each user's newest fact of a period, where it is not older than the one held. Returns how many changed.

    A string outside the declared categories is written as null: history may hold what the view no longer names.
    """
    changed, newest = 0, {}
    for user, values, *times in newest_facts(source, plan.spec.names, start_us, watermark_us):
        known = [
            value if not field.categories or value in field.categories else None
            for field, value in zip(plan.spec.fields, values, strict=True)
        ]
        newest[user] = ((times[0], times[1]), encode_row(plan, known, *times))
        if len(newest) == _FACTS_PER_WRITE:
            changed += put_newest(state, plan, newest)
            newest = {}
    return changed + put_newest(state, plan, newest)
