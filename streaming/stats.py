"""What a history holds."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from strata.clock import format_instant
from strata.errors import InputInvalid
from streaming.history import History


@dataclass(frozen=True)
class TypeStats:
    """The events of one type."""

    event_type: str
    events: int
    users: int
    first_us: int
    last_us: int
    value_cents: int | None
    """The sum of values; None where no event of the type has one."""


@dataclass(frozen=True)
class HistoryStats:
    """Counts over a whole history."""

    types: tuple[TypeStats, ...]
    events: int
    users: int
    event_files: int
    facts: int
    fact_users: int
    bytes: int

    def as_json(self) -> dict[str, Any]:
        """Plain values; instants as ISO 8601 beside their microseconds."""
        found = asdict(self)
        for entry in found["types"]:
            entry |= {"first": format_instant(entry["first_us"]), "last": format_instant(entry["last_us"])}
        return found


_BY_TYPE = """
    SELECT event_type, count(*), count(DISTINCT user_id), epoch_us(min(event_time)), epoch_us(max(event_time)),
           sum(value)::BIGINT
    FROM read_parquet($files, hive_partitioning = false) GROUP BY 1 ORDER BY 2 DESC, 1
"""
_USERS = "SELECT count(DISTINCT user_id) FROM read_parquet($files, hive_partitioning = false)"
_FACTS = "SELECT count(*), count(DISTINCT user_id) FROM read_parquet($files, union_by_name = true)"


def history_stats(history: History) -> HistoryStats:
    """Count everything. Raises InputInvalid when a part cannot be read."""
    events, profile = history.event_files(), history.profile_files()
    types = tuple(TypeStats(*row) for row in _ask(_BY_TYPE, events))
    users = _ask(_USERS, events)
    facts = _ask(_FACTS, profile)
    return HistoryStats(
        types,
        sum(entry.events for entry in types),
        int(users[0][0]) if users else 0,
        len(events),
        int(facts[0][0]) if facts else 0,
        int(facts[0][1]) if facts else 0,
        sum(path.stat().st_size for path in (*events, *profile)),
    )


def _ask(question: str, files: list[Any]) -> list[tuple[Any, ...]]:
    import duckdb

    if not files:
        return []
    with duckdb.connect() as connection:
        connection.execute("SET enable_progress_bar = false; SET TimeZone = 'UTC'")
        try:
            found: list[tuple[Any, ...]] = connection.execute(question, {"files": [str(f) for f in files]}).fetchall()
        except duckdb.Error as error:
            raise InputInvalid(f"the history cannot be read: {str(error).splitlines()[0]}") from None
    return found
