"""Online rows from the history, in bulk: no protobuf, no value per cell."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final

from feature_repo.offline.bulk import event_parts, newest_facts
from feature_repo.offline.history import ParquetSource
from feature_repo.online.write_rows import put_newest
from strata.features.build import build_rows
from strata.features.facts import encode_row
from strata.features.plan import Plan
from strata.state.ports import StateWriter

Progress = Callable[[int, int], None]
"""Told how many events of how many are done."""
_FACTS_PER_WRITE: Final = 10_000


def rebuild_windowed(
    state: StateWriter, plan: Plan, source: ParquetSource, watermark_us: int, progress: Progress | None = None
) -> int:
    """Build a whole new generation up to the watermark, then flip to it. Returns how many users it holds.

    Readers see the old generation until the flip, and after a crash. Events that were only pushed, and are in no
    history, are gone afterwards.
    """

    def rows() -> Iterator[tuple[str, bytes]]:
        for part in event_parts(source, watermark_us):
            yield from build_rows(plan, part.batch())
            if progress:
                progress(part.done, part.total)

    with state.begin_generation(plan.spec.name) as generation:
        count = generation.put(rows())
        generation.commit(watermark_us)
    return count


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
