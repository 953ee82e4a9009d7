"""What Feast pushes, as the kernel's events and rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final

from feast.protos.feast.types.EntityKey_pb2 import EntityKey
from feast.protos.feast.types.Value_pb2 import Value

from feature_repo.online.values import Scalar, scalar_of, to_us, user_of
from feature_repo.online.write_rows import put_newest
from strata.clock import format_instant
from strata.errors import InputInvalid
from strata.features.events import EventBatch
from strata.features.facts import encode_row
from strata.features.plan import Plan
from strata.state.ports import StateWriter

FeastRow = tuple[EntityKey, Mapping[str, Value], datetime, datetime | None]
_COLUMNS: Final = (
    "event_id", "event_type", "utc_offset_s", "session_id", "item_id", "category", "value", "quantity", "discount",
)  # fmt: skip


def event_batch(rows: Sequence[FeastRow], now_us: int) -> EventBatch:
    """Pushed rows as events. A row without a recorded time is recorded now. Raises InputInvalid."""
    columns: dict[str, list[Scalar]] = {name: [] for name in ("user_id", "event_time_us", "recorded_us", *_COLUMNS)}
    for key, values, event_time, recorded_at in rows:
        event_us, recorded_us = _times(event_time, recorded_at, now_us)
        columns["user_id"].append(user_of(key))
        columns["event_time_us"].append(event_us)
        columns["recorded_us"].append(recorded_us)
        for name in _COLUMNS:
            columns[name].append(scalar_of(values[name]) if name in values else None)
    columns["utc_offset_s"] = [offset or 0 for offset in columns["utc_offset_s"]]
    return EventBatch.from_columns(columns)


def write_facts(state: StateWriter, plan: Plan, rows: Sequence[FeastRow], now_us: int) -> int:
    """Keep the newest fact of each user, by (event time, recorded time); an older one changes nothing.

    Of two with equal times the one written later stays. Returns how many rows changed. Raises InputInvalid.
    """
    newest: dict[str, tuple[tuple[int, int], bytes]] = {}
    names = plan.spec.names
    for key, values, event_time, recorded_at in rows:
        times = _times(event_time, recorded_at, now_us)
        row = encode_row(plan, [scalar_of(values[name]) if name in values else None for name in names], *times)
        user = user_of(key)
        if user not in newest or newest[user][0] <= times:
            newest[user] = (times, row)
    return put_newest(state, plan, newest)


def _times(event_time: datetime, recorded_at: datetime | None, now_us: int) -> tuple[int, int]:
    event_us = to_us(event_time)
    recorded_us = now_us if recorded_at is None else to_us(recorded_at)
    if max(event_us, recorded_us) > now_us:
        raise InputInvalid(
            f"an event of {format_instant(event_us)}, recorded {format_instant(recorded_us)}, lies after the "
            f"platform's clock ({format_instant(now_us)}); it would be seen too early"
        )
    return event_us, recorded_us
