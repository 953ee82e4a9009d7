"""What an overload is held to: with HAProxy in front, and by the best side without it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Final

from loadtests.overload.figures import Figures
from loadtests.verdict import Line

GOODPUT_GOAL: Final = 0.8
"""Of the capacity."""
RECOVERY_GOAL_S: Final = 2.0
MEMORY_GOAL: Final = 0.05
"""From the first third of the heavy load to the last. Their middles are 39 s apart in 60 s, at 12,500 calls a second
490,000 calls: of a worker of 150 MB it is 16 bytes a call. What a worker takes when a load begins (pages it touches for
the first time, last known answers up to their bound) is before that or in both."""
FRONT: Final = "haproxy"


def verdicts(found: Sequence[Figures]) -> list[Line]:
    """Goodput, recovery and memory of each of the two; what was not seen is infinite, and so not kept."""
    front = [(one, one.name) for one in found if one.name == FRONT]
    alone = [one for one in found if one.name != FRONT]
    best = max(alone, key=lambda one: one.goodput_share)
    return [line for one, name in [*front, (best, f"best without {FRONT} ({best.name})")] for line in _lines(one, name)]


def _lines(one: Figures, name: str) -> list[Line]:
    recovery_s = math.inf if one.recovery_s is None else one.recovery_s
    grown = math.inf if one.memory_grown is None else one.memory_grown
    return [
        Line(f"goodput of the capacity, {name}", GOODPUT_GOAL * 100, one.goodput_share * 100, "%", at_least=True),
        Line(f"recovery, {name}", RECOVERY_GOAL_S, recovery_s, "s"),
        Line(f"memory from the first third to the last, {name}", MEMORY_GOAL * 100, grown * 100, "%"),
    ]
