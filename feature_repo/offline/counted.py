"""The events that count, in a DuckDB table: every rule of the fold, over the whole history.

Per published user, in (recorded, id) order: not recorded more than H after it happened; not a repeat of an id whose
last event happened no more than H before; no number past the limit; among the first of its quota block. Almost always
the first look finds no repeats and nobody near the quota; otherwise those few are judged one by one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Final

from feature_repo.offline.conditions_sql import DERIVED, floor_divide
from feature_repo.offline.history import ParquetSource, named
from strata.features.layout import NUMBER_LIMIT, QUOTA_BLOCK_US, QUOTA_EVENTS
from strata.features.plan import LATENESS_US

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

_NUMBERS: Final = ("value", "quantity", "discount")
_BLOCK: Final = floor_divide("rec", QUOTA_BLOCK_US)
Event = tuple[int, str, int, int]
"""Row, id, event time, recorded time."""


def create_events(
    connection: DuckDBPyConnection, source: ParquetSource, members: Mapping[str, Sequence[str]], until_us: int | None
) -> None:
    """Make the table `e`: the events behind each name of `members`, `u` being the name.

    Columns: u, ts, rec, the history's own and those derived from local time. `until_us` leaves out what was recorded
    later, which is fine for whoever asks about nothing later: no verdict depends on what comes after.
    """
    import pyarrow as pa

    pairs = [(user, name) for name, users in members.items() for user in users]
    who = pa.table({"user": [user for user, _ in pairs], "name": [name for _, name in pairs]})
    connection.register("who_rows", who)
    connection.execute("CREATE TEMP TABLE who AS SELECT * FROM who_rows")
    derived = ", ".join(f"{sql} AS {name}" for name, sql in DERIVED.items())
    within = " AND ".join(f"coalesce(abs({name}), 0) <= {NUMBER_LIMIT}" for name in _NUMBERS)
    known = "" if until_us is None else f"AND rec <= {until_us}"
    connection.execute(
        f"""
        CREATE TEMP TABLE judged AS
        SELECT user_id AS u, event_id AS eid, epoch_us({named(source.event_time)}) AS ts,
               epoch_us({named(source.recorded_at)}) AS rec, event_type, session_id, item_id, category,
               value, quantity, discount, {derived}
        FROM {source.scan()} SEMI JOIN who ON who.user = user_id
        WHERE rec - ts <= {LATENESS_US} AND {within} {known}
        """
    )
    _refuse(connection)
    if all(name == user for user, name in pairs):
        connection.execute("ALTER TABLE judged RENAME TO e")
    else:
        connection.execute(
            "CREATE TEMP TABLE e AS SELECT who.name AS u, judged.* EXCLUDE (u) FROM judged JOIN who ON who.user = u"
        )
        connection.execute("DROP TABLE judged")


def _refuse(connection: DuckDBPyConnection) -> None:
    """Remove repeats and what is over the quota."""
    over = _all(
        connection,
        f"SELECT DISTINCT u FROM (SELECT u FROM judged GROUP BY u, {_BLOCK} HAVING count(*) > {QUOTA_EVENTS})",
    )
    repeated = _all(connection, "SELECT count(*) FROM (SELECT 1 FROM judged GROUP BY hash(u, eid) HAVING count(*) > 1)")
    if not over and repeated == [(0,)]:
        return
    busy = [user for (user,) in over]
    events = _all(
        connection,
        "SELECT u, rowid, eid, ts, rec FROM judged WHERE u IN (SELECT unnest(?)) OR hash(u, eid) IN "
        "(SELECT hash(u, eid) FROM judged GROUP BY 1 HAVING count(*) > 1)",
        [busy],
    )
    by_user: dict[str, list[Event]] = {}
    for user, *event in events:
        by_user.setdefault(user, []).append(tuple(event))
    refused = [row for user, own in by_user.items() for row in refused_rows(own)]
    connection.execute("DELETE FROM judged WHERE rowid IN (SELECT unnest(?))", [refused])


def refused_rows(events: Iterable[Event]) -> list[int]:
    """Which of one user's events, neither late nor too large, are repeats or over the quota."""
    known: dict[str, int] = {}
    block, counted, refused = 0, 0, []
    for row, event_id, at_us, recorded_us in sorted(events, key=lambda event: (event[3], event[1].encode(), event[2])):
        if known.get(event_id, -(2**63)) >= recorded_us - LATENESS_US:
            refused.append(row)
            continue
        if recorded_us // QUOTA_BLOCK_US > block:
            block, counted = recorded_us // QUOTA_BLOCK_US, 0
        if counted >= QUOTA_EVENTS:
            refused.append(row)
            continue
        counted += 1
        known[event_id] = at_us
    return refused


def _all(connection: DuckDBPyConnection, sql: str, parameters: Sequence[object] = ()) -> list[tuple]:  # type: ignore[type-arg]
    return connection.execute(sql, list(parameters)).fetchall()
