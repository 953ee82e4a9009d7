"""A year published as it happens, by the platform's clock."""

from __future__ import annotations

from collections.abc import Callable

from strata.client import Published
from streaming.feed.door_clock import DoorClock
from streaming.feed.patience import PatientDoor
from streaming.feed.progress import FeedProgress
from streaming.feed.year import Year

BATCH_EVENTS = 1_000
LONGEST_SLEEP_S = 1.0
"""So soon the feeder notices that the door's clock was set anew."""


class LiveFeed:
    """Publishes each event when the door's clock reaches its time; what is due already at once, oldest first."""

    def __init__(self, door: PatientDoor, year: Year, clock: DoorClock, progress: FeedProgress) -> None:
        self._door, self._year, self._clock, self._progress = door, year, clock, progress
        self.position = 0
        """Events published."""

    def run(self, stop: Callable[[], bool] = lambda: False) -> None:
        """Publish the whole year, or until told to stop. Raises CallFailed for what patience cannot mend."""
        self._ask_time()
        while self.position < len(self._year) and not stop():
            due = min(self._year.due(self._clock.now_us()), self.position + BATCH_EVENTS)
            if due > self.position:
                self._publish(due)
            else:
                self._wait()

    def _publish(self, due: int) -> None:
        published = self._door.publish(self._year.messages(self.position, due))
        self._clock.tell(published.recorded_at)
        self._progress.add(published)
        early = _first_early(published)
        if early is not None:
            # The door's clock was set back: from the first that is early on they come again when it is their time.
            due = self.position + early
        self.position = due
        if due:
            self._progress.tell(int(self._year.times_us[due - 1]), len(self._year) - due)

    def _wait(self) -> None:
        wait_s = self._clock.seconds_until(int(self._year.times_us[self.position]))
        self._door.sleep(min(wait_s, LONGEST_SLEEP_S))
        if wait_s > LONGEST_SLEEP_S:
            self._ask_time()

    def _ask_time(self) -> None:
        self._clock.tell(self._door.publish([]).recorded_at)


def _first_early(published: Published) -> int | None:
    early = (index for index, why in published.refusals.items() if any(each.reason == "future" for each in why))
    return min(early, default=None)
