"""A new worker learns from the prediction log what callers were told last, so that a store or a Bento that is away when
its predecessor dies does not turn last known answers into fallbacks."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from serving.domain.assignments import PastAnswers
from serving.domain.last_known import LastKnown
from serving.ports import PredictionHistory

MOST_FILES: Final = 2_000
"""A file takes 0.3 ms to open, and 0.1 us a row (2026-11)."""
SPENT_S: Final = 2.0
"""No further file is begun after so long: whoever asks about a user is worth more of this core by then."""
STEP_ROWS: Final = 1_000
"""Half a millisecond of the event loop; calls come in between."""


@dataclass
class Recollection:
    """What came of it."""

    files: int = 0
    assignments: int = 0


async def recollect(
    last_known: LastKnown, history: PredictionHistory, monotonic: Callable[[], float] = time.monotonic
) -> Recollection:
    """Fill `last_known` from the newest of the log until it is full, the log is read, or time is up.

    Full is not yet enough: the users known by one version may be in a file of another that comes next. A version has
    told everything when a whole file of it is no news.
    """
    began_s, done = monotonic(), Recollection()
    told: set[str] = set()
    for file in await asyncio.to_thread(history.files, MOST_FILES):
        if file.key in told:
            continue
        if monotonic() - began_s >= SPENT_S:
            break
        news = await _take_in(last_known, file.key, history.read(file))
        done.files += 1
        done.assignments += news
        if last_known.full and not news:
            told.add(file.key)
    return done


async def _take_in(last_known: LastKnown, key: str, answers: Iterator[PastAnswers]) -> int:
    news = 0
    while (past := await asyncio.to_thread(next, answers, None)) is not None:
        for begin in range(0, len(past.users), STEP_ROWS):
            news += last_known.restore(key, past.part(slice(begin, begin + STEP_ROWS)))
            await asyncio.sleep(0)
    return news
