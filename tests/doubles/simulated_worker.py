"""Workers under load in simulated time: what a door is worth, to the last call, in milliseconds of real time.

Costs are those measured of the real gateway (docs/decisions/0014-admission.md).
"""

from __future__ import annotations

import heapq
import random
from collections import deque
from dataclasses import dataclass, field

from serving.domain.admission import Admission

ANSWER_S = 0.00035
REFUSAL_S = 0.00015
"""In Python: receiving, parsing, scheduling and ending a call."""
NATIVE_REFUSAL_S = 0.00001
DEADLINE_S = 0.1


@dataclass
class Outcome:
    """What became of the calls."""

    good: int = 0
    refused: int = 0
    vain: int = 0
    """Answered or looked at after the caller had given up."""
    seconds: float = 0.0
    waits_s: list[float] = field(default_factory=list)

    def share_of(self, capacity_per_s: float) -> float:
        """Goodput over capacity."""
        return self.good / self.seconds / capacity_per_s


def arrivals(rate: float, seconds: float, seed: int) -> list[float]:
    """Poisson."""
    draws, at, found = random.Random(seed), 0.0, []
    while (at := at + draws.expovariate(rate)) < seconds:
        found.append(at)
    return found


def run_embedded(door: Admission | None, *, load: float, bound: int, seconds: float = 5.0, seed: int = 1) -> Outcome:
    """One loop that answers first come, first served, from a queue of at most `bound` calls (gRPC's core)."""
    outcome = Outcome(seconds=seconds)
    coming, queue, now_s = deque(arrivals(load / ANSWER_S, seconds, seed)), deque[float](), 0.0
    while coming or queue:
        if not queue:
            now_s = max(now_s, coming[0])
        while coming and coming[0] <= now_s:
            if len(queue) < bound:
                queue.append(coming.popleft())
            else:
                coming.popleft()
                outcome.refused += 1
                now_s += NATIVE_REFUSAL_S
        if queue:
            now_s += _handle(door, queue.popleft(), now_s, outcome)
    return outcome


def _handle(door: Admission | None, came_s: float, now_s: float, outcome: Outcome) -> float:
    """How long the loop was busy with this call."""
    left_s = DEADLINE_S - (now_s - came_s)
    if left_s <= 0:
        outcome.vain += 1
        return REFUSAL_S
    if door is not None and door.enter_single(left_s) is not None:
        outcome.refused += 1
        return REFUSAL_S
    if door is not None:
        door.leave_single(ANSWER_S, now_s + ANSWER_S, answered=True)
    outcome.waits_s.append(now_s - came_s)
    if left_s >= ANSWER_S:
        outcome.good += 1
    else:
        outcome.vain += 1
    return ANSWER_S


def run_remote(
    door: Admission | None, *, load: float, slots: int = 4, service_s: float = 0.004, seconds: float = 10.0
) -> Outcome:
    """Handlers that wait for a segmenter elsewhere with `slots` places, which works on what nobody waits for too."""
    outcome = Outcome(seconds=seconds)
    free = [0.0] * slots
    ends: list[tuple[float, float]] = []
    for came_s in arrivals(load * slots / service_s, seconds, seed=2):
        while ends and ends[0][0] <= came_s:
            _leave(door, *heapq.heappop(ends))
        if door is not None and door.enter_single(DEADLINE_S) is not None:
            outcome.refused += 1
            continue
        end_s = max(heapq.heappop(free), came_s) + service_s
        heapq.heappush(free, end_s)
        if end_s - came_s <= DEADLINE_S:
            outcome.good += 1
        else:
            outcome.vain += 1
        heapq.heappush(ends, (min(end_s, came_s + DEADLINE_S), came_s))
    return outcome


def _leave(door: Admission | None, end_s: float, came_s: float) -> None:
    if door is not None:
        seconds = end_s - came_s
        door.leave_single(seconds, end_s, answered=seconds < DEADLINE_S, waited_s=seconds)
