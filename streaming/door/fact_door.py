"""Source rows as facts about users."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from streaming.columns.stamps import Micros
from streaming.columns.text import to_text
from streaming.columns.times import TimeReader
from streaming.door.event_door import reject_times
from streaming.door.event_ids import escaped, joined
from streaming.door.holds import all_hold
from streaming.door.judged import Judged
from streaming.door.reasons import Reason, Verdict
from streaming.door.users import reject_users
from streaming.mapping.model import FactField, FactMapping, TimeColumn
from streaming.sources.batch import SourceBatch

if TYPE_CHECKING:
    import pyarrow as pa

WHEN = ("event_time", "recorded_at")


class FactDoor:
    """The door of one file of facts. `constant_us` is the time of every row of a mapping without a time column."""

    id_column = "fact_id"

    def __init__(self, mapping: FactMapping, now_us: int, constant_us: int) -> None:
        self.schema = profile_schema(list(mapping.fields))
        self._mapping, self._now_us, self._constant_us = mapping, now_us, constant_us
        self._times = TimeReader(mapping.time) if isinstance(mapping.time, TimeColumn) else None

    def pass_over(self, batch: SourceBatch) -> None:
        """A fact does not depend on the rows before it."""

    def judge(self, batch: SourceBatch) -> Judged:
        import pyarrow as pa

        columns, count = batch.columns, len(batch.rows)
        verdict = Verdict(count)
        verdict.reject(~all_hold(self._mapping.keep, columns, count), Reason.FILTERED)
        users = to_text(columns[self._mapping.user])
        reject_users(users, verdict)
        instants = pa.array(self._instants(columns, count, verdict)).cast(pa.timestamp("us", tz="UTC"))
        fields = {name: _field(rule, columns, verdict) for name, rule in self._mapping.fields.items()}
        found = pa.table({"user_id": users, **dict.fromkeys(WHEN, instants), **fields})
        accepted = found.take(np.flatnonzero(verdict.accepted)).cast(self.schema).combine_chunks()
        return Judged(accepted.append_column(self.id_column, fact_ids(accepted)), verdict, 0)

    def _instants(self, columns: dict[str, pa.Array], count: int, verdict: Verdict) -> Micros:
        if self._times is None or not isinstance(self._mapping.time, TimeColumn):
            return np.full(count, self._constant_us, dtype=np.int64)
        times = self._times.read(columns[self._mapping.time.column])
        reject_times(times, self._now_us, verdict)
        return times.at_us


def profile_schema(fields: list[str]) -> pa.Schema:
    """The Arrow schema of a file of facts."""
    import pyarrow as pa

    instant = pa.timestamp("us", tz="UTC")
    fixed = [pa.field("user_id", pa.string(), nullable=False), *(pa.field(n, instant, nullable=False) for n in WHEN)]
    return pa.schema([*fixed, *(pa.field(name, pa.string()) for name in fields)])


def fact_ids(facts: pa.Table) -> pa.Array:
    """What a fact says, as one text: the user, when, and every field that has a value, by name."""
    import pyarrow as pa
    import pyarrow.compute as pc

    facts = facts.combine_chunks()

    def column(name: str) -> pa.Array:
        whole = facts.column(name)
        return pa.concat_arrays(whole.chunks) if whole.num_chunks else pa.array([], whole.type)

    parts: list[pa.Array] = [
        escaped(column("user_id")),
        pc.cast(pc.cast(column("event_time"), pa.int64()), pa.string()),
    ]
    for name in sorted(set(facts.column_names) - {"user_id", *WHEN}):
        said = escaped(column(name).cast(pa.string()))
        parts.append(pc.fill_null(pc.binary_join_element_wise(f"{name}=", said, ""), ""))
    return joined(parts)


def _field(rule: FactField, columns: dict[str, pa.Array], verdict: Verdict) -> pa.Array:
    import pyarrow as pa
    import pyarrow.compute as pc

    text = to_text(columns[rule.column])
    if rule.categories is not None:
        known = pc.or_(pc.is_null(text), pc.is_in(text, pa.array(rule.categories, pa.string())))
        verdict.reject(~known.to_numpy(zero_copy_only=False), Reason.UNKNOWN_CATEGORY)
    return text
