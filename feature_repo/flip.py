"""A rebuild becomes current: at once, or, where a stream worker is alive, by its hand once it has caught up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Final

from strata.errors import StoreUnavailable, StrataError
from strata.features.layout import Layout
from strata.features.note import GenerationNote
from strata.state.ports import Positions, State

STREAM_LEASE: Final = "stream"
WAIT_S: Final = 600.0
_LOOK_S: Final = 0.2


def rebuild(
    state: State,
    layout: Layout,
    rows: Iterable[tuple[str, bytes]],
    watermark_us: int,
    *,
    positions: Positions | None = None,
    wait_s: float = WAIT_S,
    waiting: Callable[[float], None] | None = None,
) -> int:
    """Put the rows into a new generation of the layout's table and make it current. Returns how many there are.

    Readers see the old generation until then, and after a crash. A live stream worker folds into it what was logged
    after `positions` and flips it; `waiting` is told for how many seconds. Raises StrataError when the worker has not
    done so within `wait_s`.
    """
    found = dict(positions or {})
    note = GenerationNote(layout, found).pack()
    with state.begin_generation(layout.table) as generation:
        count = generation.put(rows)
        version = state.version()
        generation.finish(note, found)
        ends_s = time.monotonic() + wait_s
        while state.lease_holder(STREAM_LEASE) is not None:
            if _is_current(state, layout, version):
                return count
            left_s = ends_s - time.monotonic()
            if left_s <= 0:
                raise StrataError(
                    f"the rebuild of {layout.table} is finished, but the stream worker has not made it current within "
                    f"{wait_s:.0f} s; it stays ready, and readers keep the rows they have. Look at the worker's log"
                )
            if waiting:
                waiting(wait_s - left_s)
            time.sleep(min(_LOOK_S, left_s))
        try:
            generation.commit(watermark_us)
        except StoreUnavailable:
            if not _is_current(state, layout, version):  # else a worker took it up and ended since
                raise
    return count


def _is_current(state: State, layout: Layout, version: int) -> bool:
    note = state.note(layout.table)
    if state.version() == version or not note:
        return False
    return GenerationNote.unpack(note).layout.fingerprint == layout.fingerprint
