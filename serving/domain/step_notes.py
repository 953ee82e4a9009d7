"""Steps of the call at hand, noted where its caller asked to be told: everyone else pays for one look."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextvars import ContextVar
from typing import Final

from strata.call_timing import CallTiming, Step


class StepNotes:
    """What one call's handler did, and when."""

    def __init__(self, began_s: float, clock: Callable[[], float] = time.perf_counter) -> None:
        self._began_s, self._clock = began_s, clock
        self._steps: list[Step] = []

    def took(self, *steps: tuple[str, float], segmenter: str = "") -> None:
        """Steps (name, seconds) one after the other, the last of which ended now."""
        at_s = self._clock() - self._began_s - sum(seconds for _, seconds in steps)
        for name, seconds in steps:
            self._steps.append(Step(name, segmenter, at_s, seconds))
            at_s += seconds

    def timing(self, ended_s: float) -> CallTiming:
        """Of the handler that ended then."""
        return CallTiming(self._began_s, ended_s - self._began_s, tuple(self._steps))


_notes: ContextVar[StepNotes | None] = ContextVar("step_notes", default=None)

notes_here: Final = _notes.get
"""The notes of the call at hand; None where nobody asked, which is known in 0.01 us."""


def keep_notes(began_s: float) -> StepNotes:
    """Note the steps of this call: each has a task, and with it a context, of its own."""
    notes = StepNotes(began_s)
    _notes.set(notes)
    return notes


def noted(name: str, observe: Callable[[float], None], segmenter: str = "") -> Callable[[float], None]:
    """`observe`, and a note of it where there are notes."""

    def told(seconds: float) -> None:
        observe(seconds)
        notes = notes_here()
        if notes is not None:
            notes.took((name, seconds), segmenter=segmenter)

    return told
