"""Publish a batch until it is taken: what passes is waited out, everything else is told."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Sequence
from typing import Final

from strata.client import CallFailed, Client, Published
from strata.v1 import event_pb2 as pb

PASSING: Final = ("UNAVAILABLE", "RESOURCE_EXHAUSTED", "DEADLINE_EXCEEDED")
FIRST_DELAY_S: Final = 0.1
LONGEST_DELAY_S: Final = 5.0

Sleep = Callable[[float], None]
Say = Callable[[str], None]


class PatientDoor:
    """A door that is waited for."""

    def __init__(self, client: Client, say: Say = lambda _: None, sleep: Sleep = time.sleep) -> None:
        """`say` is told when the waiting begins and ends."""
        self._client, self._say, self.sleep = client, say, sleep

    def publish(self, events: Sequence[pb.Event]) -> Published:
        """As Client.publish, again and again with growing delays while the door is away or full.

        Ids make the repeats harmless. Raises CallFailed for what does not pass.
        """
        delay_s, complained = FIRST_DELAY_S, False
        while True:
            try:
                published = self._client.publish(events)
            except CallFailed as failed:
                if failed.code not in PASSING:
                    raise
                if not complained:
                    self._say(f"waiting: {failed}")
                    complained = True
                self.sleep(max(failed.retry_after_s or 0.0, delay_s * random.uniform(0.5, 1.0)))
                delay_s = min(2 * delay_s, LONGEST_DELAY_S)
            else:
                if complained:
                    self._say("going on")
                return published
