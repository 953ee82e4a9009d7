"""The stages of a training: who watches is told of each as it begins, and how long each took is kept."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, Final

STAGES: Final = (
    "reading features",
    "fitting",
    "recognising segments",
    "evaluating",
    "checking the export",
    "comparing with the version before",
    "writing",
)
WITHIN: Final = ": "
"""Between a stage and a step of it."""
Progress = Callable[[str], None]


class Stages:
    """Call `begin` with each of STAGES in turn, `within` for steps of one, then `timing`."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._timing: list[dict[str, Any]] = []
        self._began = time.perf_counter()

    def begin(self, stage: str) -> None:
        """The stage before ends here."""
        assert stage in STAGES
        self._end()
        self._timing.append({"stage": stage, "seconds": 0.0})
        self._progress(stage)

    def within(self, step: str) -> None:
        """A step of the stage that is under way."""
        self._progress(f"{self._timing[-1]['stage']}{WITHIN}{step}")

    def timing(self) -> list[dict[str, Any]]:
        """`stage`, `seconds` of each so far, for evaluation.details."""
        self._end()
        return [dict(each) for each in self._timing]

    @property
    def seconds(self) -> float:
        """Of all of them so far."""
        return round(float(sum(each["seconds"] for each in self.timing())), 3)

    def _end(self) -> None:
        now = time.perf_counter()
        if self._timing:
            self._timing[-1]["seconds"] = round(self._timing[-1]["seconds"] + now - self._began, 3)
        self._began = now
