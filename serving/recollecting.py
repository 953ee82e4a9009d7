"""A worker's memory filled beside its start."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from serving.domain.ending import end
from serving.domain.last_known import LastKnown
from serving.domain.recollection import recollect
from serving.ports import PredictionHistory
from strata.processes.frugal import give_back

HELD_S: Final = 0.25
"""The start waits so long, for some 100,000 rows where nobody else is at work (2026-11): who was asked about last. The
rest is read beside the calls."""
_log = logging.getLogger("strata.gateway")


@asynccontextmanager
async def recollecting(last_known: LastKnown, history: PredictionHistory) -> AsyncIterator[None]:
    """Entered when the memory is filled, or has been for as long as a start may wait; left, it is filled no further."""
    task = asyncio.create_task(_recollect_safely(last_known, history))
    try:
        await asyncio.wait({task}, timeout=HELD_S)
        yield
    finally:
        await end(task)


async def _recollect_safely(last_known: LastKnown, history: PredictionHistory) -> None:
    began_s = time.monotonic()
    try:
        done = await recollect(last_known, history)
    except Exception:  # a defect here must not keep a worker from serving
        _log.exception("last known answers not read again")
        return
    if done.files:
        await asyncio.to_thread(give_back)
        seconds = round(time.monotonic() - began_s, 3)
        fields = {"users": len(last_known), "assignments": done.assignments, "files": done.files, "seconds": seconds}
        _log.info("last known answers read again", extra={"fields": fields})
