"""Source rows as events."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from strata.events import EVENT_TYPES, event_schema
from streaming.columns.text import to_text
from streaming.columns.times import Instants, TimeReader
from streaming.door.amounts import read_discount, read_quantity, read_value
from streaming.door.event_ids import LONGEST_ID, EventIds
from streaming.door.event_types import UNKNOWN, type_codes
from streaming.door.holds import all_hold
from streaming.door.judged import Judged
from streaming.door.lookups import LookupTable
from streaming.door.reasons import Flags, Reason, Verdict
from streaming.door.users import reject_users
from streaming.mapping.model import CategoryColumn, EventMapping
from streaming.sources.batch import SourceBatch

if TYPE_CHECKING:
    import pyarrow as pa

Types = NDArray[np.int64]


class EventDoor:
    """The door of one file of events, under one mapping."""

    id_column = "event_id"

    def __init__(self, mapping: EventMapping, now_us: int, lookup: LookupTable | None = None) -> None:
        self.schema = event_schema()
        self._mapping, self._now_us, self._lookup = mapping, now_us, lookup
        self._times = TimeReader(mapping.time)
        self._ids = EventIds(mapping.event_id, mapping.name)

    def pass_over(self, batch: SourceBatch) -> None:
        if self._ids.remembers:
            self._ids.make(batch.columns)

    def judge(self, batch: SourceBatch) -> Judged:
        mapping, columns, count = self._mapping, batch.columns, len(batch.rows)
        verdict = Verdict(count)
        verdict.reject(~all_hold(mapping.keep, columns, count), Reason.FILTERED)
        users = to_text(columns[mapping.user])
        reject_users(users, verdict)
        types = type_codes(mapping.event_type, columns, count)
        verdict.reject(types == UNKNOWN, Reason.UNKNOWN_EVENT_TYPE)
        times = self._times.read(columns[mapping.time.column])
        reject_times(times, self._now_us, verdict)
        money, rounded = self._money(columns, types, verdict)
        ids = self._ids.make(columns)
        reject_ids(ids, verdict)
        found = {"event_id": ids, "user_id": users, **self._when(times), **money, **self._labels(columns)}
        accepted = self._table(found, types, verdict)
        return Judged(accepted, verdict, int((rounded & verdict.accepted).sum()))

    def _table(self, found: dict[str, pa.Array], types: Types, verdict: Verdict) -> pa.Table:
        import pyarrow as pa

        keep = np.flatnonzero(verdict.accepted)
        names = pa.array(EVENT_TYPES, pa.string())
        picked = {name: column.take(keep) for name, column in found.items()}
        picked["event_type"] = names.take(types[keep])
        arrays = [
            picked[field.name].cast(field.type) if field.name in picked else pa.nulls(len(keep), field.type)
            for field in self.schema
        ]
        return pa.Table.from_arrays(arrays, schema=self.schema)

    def _when(self, times: Instants) -> dict[str, pa.Array]:
        import pyarrow as pa

        instants = pa.array(times.at_us).cast(pa.timestamp("us", tz="UTC"))
        return {"event_time": instants, "recorded_at": instants, "utc_offset_s": pa.array(times.offset_s)}

    def _money(
        self,
        columns: dict[str, pa.Array],
        types: Types,
        verdict: Verdict,
    ) -> tuple[dict[str, pa.Array], Flags]:
        import pyarrow as pa

        rounded = np.zeros(len(types), dtype=bool)
        found: dict[str, pa.Array] = {}
        if self._mapping.value:
            cents, inexact = read_value(self._mapping.value, columns, types, verdict)
            found["value"], rounded = pa.array(cents), rounded | inexact
        if self._mapping.quantity:
            found["quantity"] = read_quantity(self._mapping.quantity, columns, verdict)
        if self._mapping.discount:
            cents, inexact = read_discount(self._mapping.discount, columns, verdict)
            found["discount"], rounded = pa.array(cents), rounded | inexact
        return found, rounded

    def _labels(self, columns: dict[str, pa.Array]) -> dict[str, pa.Array]:
        mapping = self._mapping
        named = {"session_id": mapping.session, "item_id": mapping.item}
        found = {name: to_text(columns[column]) for name, column in named.items() if column}
        if isinstance(mapping.category, CategoryColumn):
            column = columns[mapping.category.column]
            found["category"] = self._lookup.find(column) if self._lookup else to_text(column)
        elif mapping.category:
            found["category"] = to_text(columns[mapping.category])
        return found


def reject_times(times: Instants, now_us: int, verdict: Verdict) -> None:
    """Reject rows without a time, with a bad one, or with one past `now_us`."""
    verdict.reject(times.missing, Reason.MISSING_TIME)
    verdict.reject(times.bad, Reason.BAD_TIME)
    verdict.reject(times.at_us > now_us, Reason.FUTURE_TIME)


def reject_ids(ids: pa.Array, verdict: Verdict) -> None:
    """Reject rows that cannot be told from others."""
    import pyarrow.compute as pc

    verdict.reject(pc.is_null(ids).to_numpy(zero_copy_only=False), Reason.MISSING_EVENT_ID)
    sizes = pc.fill_null(pc.binary_length(ids), 0).to_numpy(zero_copy_only=False)
    verdict.reject(sizes > LONGEST_ID, Reason.EVENT_ID_TOO_LONG)
