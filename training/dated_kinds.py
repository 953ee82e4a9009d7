"""Where kinds of events and facts lie in their local days, counted in the history by DuckDB."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import duckdb

from strata.events import DAY_US
from training.judge.leaks.dates import DatedKind

_COUNTED: Final = """SELECT kind, count(*), count(*) FILTER (midnight), count(DISTINCT happened) FILTER (midnight),
    count(*) FILTER (day_end) FROM stamped GROUP BY kind ORDER BY kind"""
_EVENTS: Final = f"""WITH local AS (SELECT event_type AS kind, epoch_us(event_time) AS happened,
    epoch_us(recorded_at) AS recorded, utc_offset_s::BIGINT * 1000000 AS shift
    FROM read_parquet($events, hive_partitioning = false)),
    stamped AS (SELECT kind, happened, (happened + shift + 1) % {DAY_US} = 0 AS day_end,
    (happened + shift) % {DAY_US} = 0 OR (recorded + shift) % {DAY_US} = 0 AS midnight FROM local)
    {_COUNTED}"""
# Facts have no offset of their own: the midnight of any offset the events were written in is one.
_FACTS: Final = f"""WITH shifts AS (SELECT DISTINCT utc_offset_s::BIGINT * 1000000 AS shift
    FROM read_parquet($events, hive_partitioning = false)),
    facts AS (SELECT epoch_us(event_time) AS happened, epoch_us(recorded_at) AS recorded FROM read_parquet($facts)),
    stamped AS (SELECT 'profile' AS kind, happened,
    EXISTS (SELECT 1 FROM shifts WHERE (happened + shift + 1) % {DAY_US} = 0) AS day_end,
    EXISTS (SELECT 1 FROM shifts WHERE (happened + shift) % {DAY_US} = 0 OR (recorded + shift) % {DAY_US} = 0)
    AS midnight FROM facts)
    {_COUNTED}"""


def dated_kinds(history: Path) -> list[DatedKind]:
    """Each type of event, then profile facts where there are any. There have to be events."""
    events, facts = str(history / "events" / "month=*" / "*.parquet"), history / "profile"
    found = _count(_EVENTS, events=events)
    if any(facts.glob("*.parquet")):
        found += _count(_FACTS, events=events, facts=str(facts / "*.parquet"))
    return found


def _count(sql: str, **parameters: str) -> list[DatedKind]:
    with duckdb.connect() as connection:
        connection.execute("SET threads = 2; SET enable_progress_bar = false")
        return [DatedKind(*row) for row in connection.execute(sql, parameters).fetchall()]
