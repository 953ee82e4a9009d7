"""A year's events as a load: at a rate instead of a clock, as if they happened now."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

from strata.client import Client, Refusal
from strata.v1 import event_pb2 as pb
from streaming.feed.patience import Sleep
from streaming.feed.progress import FeedProgress
from streaming.feed.year import Year

SLICE_EVENTS: Final = 1_000
TICK_S: Final = 0.02


class Load:
    """Publishes the events round after round, `rate` a second. Each round's are new: their ids begin with `run`."""

    def __init__(
        self, year: Year, rate: float, run: str, progress: FeedProgress, *,
        sleep: Sleep = time.sleep, monotonic: Callable[[], float] = time.monotonic,
    ) -> None:  # fmt: skip
        self._year, self._rate, self._run_name, self._progress = year, rate, run, progress
        self._sleep, self._monotonic = sleep, monotonic

    def run(self, client: Client, seconds: float) -> None:
        """Publish for so long; returns once all of it is acknowledged. Raises CallFailed."""
        with client.publisher(self._note) as publisher:
            began, sent = self._monotonic(), 0
            while (elapsed := self._monotonic() - began) < seconds:
                wanted = min(int(elapsed * self._rate) - sent, SLICE_EVENTS)
                if wanted <= 0:
                    self._sleep(TICK_S)
                    continue
                for event in self._slice(sent, wanted):
                    publisher.publish(event)
                    sent += 1
            publisher.flush()
        self._progress.outcomes = publisher.counts

    def _slice(self, sent: int, wanted: int) -> list[pb.Event]:
        """The next events, at most so many, restamped."""
        turn, start = divmod(sent, len(self._year))
        events = self._year.messages(start, min(start + wanted, len(self._year)))
        for event in events:
            event.ClearField("event_time")
            event.event_id = f"{self._run_name}|{turn}|{event.event_id}"
        return events

    def _note(self, event: Any, outcome: str, refusals: tuple[Refusal, ...]) -> None:
        self._progress.reasons[refusals[0].reason] += 1
