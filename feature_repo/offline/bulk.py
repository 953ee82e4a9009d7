"""The whole history up to a watermark, for rebuilding online rows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from feature_repo.offline.history import ParquetSource, connect, named
from strata.events import event_schema
from strata.features.events import EventBatch

if TYPE_CHECKING:
    import pyarrow as pa

EVENTS_PER_PART: Final = 200_000
"""Events held in memory at a time, give or take one user; about 150 MB with what is worked out from them."""


@dataclass(frozen=True)
class UserRange:
    """Users from `first` to `last` in byte order, both included."""

    first: str
    last: str
    events: int
    users: int


@dataclass(frozen=True)
class Part:
    """Every event of a range of users, and how far through the history that is."""

    table: pa.Table
    """Contract 1's columns."""
    done: int
    total: int
    """Events, this part's included."""

    def batch(self, without: Set[str] = frozenset()) -> EventBatch:
        """The kernel's form of it, some users left out."""
        table = self.table
        if without:
            import pyarrow as pa
            import pyarrow.compute as pc

            named = pa.array(sorted(without), pa.string())
            table = table.filter(pc.invert(pc.is_in(table.column("user_id"), value_set=named)))
        return EventBatch.from_arrow(table)


def event_parts(source: ParquetSource, watermark_us: int, *, per_part: int = EVENTS_PER_PART) -> Iterator[Part]:
    """The events that happened and were recorded by the watermark, in ranges of users in byte order."""
    ranges = user_ranges(source, watermark_us, per_part)
    total, done = sum(one.events for one in ranges), 0
    for one in ranges:
        done += one.events
        yield Part(read_range(source, watermark_us, one), done, total)


def user_ranges(source: ParquetSource, watermark_us: int, per_part: int) -> list[UserRange]:
    """Users in byte order, cut into ranges of about `per_part` events known by the watermark."""
    if not source.exists():
        return []
    with connect() as connection:
        counts = connection.execute(
            f"SELECT user_id, count(*) FROM {source.scan()} WHERE {_known(source, watermark_us)} GROUP BY 1 ORDER BY 1"
        ).fetchall()
    return list(_cut(counts, per_part))


def read_range(source: ParquetSource, watermark_us: int, users: UserRange) -> pa.Table:
    """Contract 1's columns of those users' events known by the watermark."""
    columns = ", ".join(named(name) for name in event_schema().names)
    with connect() as connection:
        return connection.sql(
            f"SELECT {columns} FROM {source.scan()} "
            f"WHERE {_known(source, watermark_us)} AND user_id BETWEEN $first AND $last",
            params={"first": users.first, "last": users.last},
        ).to_arrow_table()


def read_users(source: ParquetSource, watermark_us: int, users: Sequence[str]) -> pa.Table:
    """As `read_range`, of some users by name."""
    if not source.exists():
        return event_schema().empty_table()
    columns = ", ".join(named(name) for name in event_schema().names)
    with connect() as connection:
        return connection.sql(
            f"SELECT {columns} FROM {source.scan()} "
            f"WHERE {_known(source, watermark_us)} AND user_id IN (SELECT unnest($users))",
            params={"users": list(users)},
        ).to_arrow_table()


def newest_recorded_us(source: ParquetSource, files: str) -> int | None:
    """When the newest event of some of its files (a pattern of names) was recorded; None without any."""
    chosen = replace(source, pattern=str(Path(source.pattern).with_name(files)))
    if not chosen.exists():
        return None
    with connect() as connection:
        found = connection.execute(f"SELECT max(epoch_us({named(source.recorded_at)})) FROM {chosen.scan()}").fetchall()
    return None if found[0][0] is None else int(found[0][0])


def newest_facts(
    source: ParquetSource, columns: Sequence[str], start_us: int, watermark_us: int
) -> Iterator[tuple[str, tuple[Any, ...], int, int]]:
    """(user, values, event time, recorded time) of each user's newest fact between the two, users in byte order."""
    if not source.exists():
        return
    picked = ", ".join(named(name) for name in columns)
    told = " OR ".join(f"{named(name)} IS NOT NULL" for name in columns)
    ts, rec = (f"epoch_us({named(column)})" for column in (source.event_time, source.recorded_at))
    with connect() as connection:
        rows = connection.execute(
            f"SELECT user_id, {ts}, {rec}, {picked} FROM {source.scan()} "
            f"WHERE {_known(source, watermark_us)} AND {ts} >= ? AND ({told}) "
            f"QUALIFY row_number() OVER (PARTITION BY user_id ORDER BY {ts} DESC, {rec} DESC) = 1 ORDER BY user_id",
            [start_us],
        ).fetchall()
    for user, event_us, recorded_us, *values in rows:
        yield user, tuple(values), event_us, recorded_us


def event_count(source: ParquetSource) -> int:
    """Rows in the history, whatever their time."""
    if not source.exists():
        return 0
    with connect() as connection:
        return int(connection.execute(f"SELECT count(*) FROM {source.scan()}").fetchall()[0][0])


def _known(source: ParquetSource, watermark_us: int) -> str:
    times = (f"epoch_us({named(column)}) <= {watermark_us}" for column in (source.event_time, source.recorded_at))
    return " AND ".join(times)


def _cut(counts: Sequence[tuple[str, int]], per_part: int) -> Iterator[UserRange]:
    cuts, held = [0], 0
    for position, (_, count) in enumerate(counts):
        if held and held + count > per_part:
            cuts.append(position)
            held = 0
        held += count
    for start, end in pairwise([*cuts, len(counts)]):
        if end > start:
            yield UserRange(
                counts[start][0], counts[end - 1][0], sum(count for _, count in counts[start:end]), end - start
            )
