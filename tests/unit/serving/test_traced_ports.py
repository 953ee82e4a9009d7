"""Steps of a trace around reads and scores: begun, ended once, failed when what they time fails."""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Any, Self

import numpy as np
import pytest

from serving.adapters.traced_features import TracedFeatures
from serving.adapters.traced_segmenter import TracedSegmenter
from serving.domain.deadline import Deadline
from serving.observers import NOBODY
from strata.errors import SegmenterUnavailable, StoreUnavailable


class KeptStep:
    """A Step that keeps what became of it."""

    def __init__(self, name: str, notes: dict[str, str | int]) -> None:
        self.name, self.notes = name, notes
        self.ends: list[str] = []

    def note(self, key: str, value: str | int) -> None:
        self.notes[key] = value

    def end(self, failure: str = "") -> None:
        self.ends.append(failure)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end("" if kind is None else kind.__name__)


class KeptTracing:
    """A Tracing of a call that is traced, or of one that is not."""

    def __init__(self, *, traced: bool = True) -> None:
        self._traced, self.steps = traced, list[KeptStep]()

    def call(self, service: str, method: str, metadata: Any) -> KeptStep | None:
        return self.step(method)

    def step(self, name: str, **notes: str | int) -> KeptStep | None:
        if not self._traced:
            return None
        self.steps.append(KeptStep(name, notes))
        return self.steps[-1]

    def is_traced(self) -> bool:
        return self._traced

    def headers(self) -> None:
        return None

    def close(self, wait_s: float) -> None:
        return


class Rows:
    """A FeatureSource that says what it is told to, at once or later, or raises it."""

    def __init__(self, outcome: Any, *, waits: bool = False) -> None:
        self._outcome, self._waits = outcome, waits

    def read(self, segmenters: Any, users: Any, at_us: int) -> Any:
        return self._later() if self._waits else self._now()

    def find_user(self, segmenters: Any, user: str) -> Any:
        return self.read(segmenters, user, 0)

    evaluate_user = find_user

    def _now(self) -> Any:
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome

    async def _later(self) -> Any:
        await asyncio.sleep(0)
        return self._now()


@pytest.mark.parametrize("waits", [False, True])
async def test_a_read_is_a_step_until_its_rows_are_there(waits: bool) -> None:
    """From a store in memory and from one across a network; a batch tells its users."""
    tracing = KeptTracing()
    source: Any = TracedFeatures(Rows([], waits=waits), tracing)
    asked: dict[str, tuple[Any, ...]] = {
        "read": (("tiers",), ["a", "b"], 0), "find_user": (("tiers",), "a"), "evaluate_user": ([], 0),
    }  # fmt: skip
    for name, arguments in asked.items():
        found = getattr(source, name)(*arguments)
        assert tracing.steps[-1].ends == ([] if waits else [""])
        assert (await found if waits else found) == []
        assert tracing.steps[-1].ends == [""]
    assert [(step.name, step.notes) for step in tracing.steps] == [
        ("features", {"strata.users": 2}), ("features", {}), ("evaluate", {}),
    ]  # fmt: skip


@pytest.mark.parametrize("waits", [False, True])
async def test_a_read_that_fails_is_a_step_that_failed(waits: bool) -> None:
    tracing = KeptTracing()
    source: Any = TracedFeatures(Rows(StoreUnavailable("away"), waits=waits), tracing)

    async def read() -> None:
        await source.find_user(("tiers",), "a")

    with pytest.raises(StoreUnavailable):
        await read()
    [step] = tracing.steps
    [failure] = step.ends
    assert failure.startswith("StoreUnavailable")


class Scorer:
    """A Segmenter that is unavailable."""

    waits = False

    def __init__(self, profile: Any) -> None:
        self.profile = profile

    async def score(self, values: Any, deadline: Deadline) -> Any:
        return self.score_row(values)

    def score_row(self, row: Any) -> Any:
        raise SegmenterUnavailable("tiers", "it is away")


class Profile:
    name, version = "tiers", "v1"


@pytest.mark.parametrize("traced", [True, False])
async def test_a_score_that_fails_is_a_step_that_failed(traced: bool) -> None:
    """Which version and how many rows are told; a call that is not traced has no step and the same failure."""
    tracing = KeptTracing(traced=traced)
    segmenter: Any = TracedSegmenter(Scorer(Profile()), tracing)
    with pytest.raises(SegmenterUnavailable):
        await segmenter.score(np.zeros((3, 2)), Deadline.after(1))
    with pytest.raises(SegmenterUnavailable):
        segmenter.score_row(np.zeros(2))
    assert [step.ends for step in tracing.steps] == ([["SegmenterUnavailable"]] * 2 if traced else [])
    if traced:
        assert tracing.steps[0].notes == {"strata.segmenter": "tiers", "strata.version": "v1", "strata.rows": 3}


def test_without_tracing_nothing_stands_around_the_parts() -> None:
    """The very objects are handed on: what is off costs nothing."""
    features: Any = Rows([])
    segmenter: Any = Scorer(Profile())
    assert NOBODY.features(features) is features
    assert NOBODY.segmenter(segmenter) is segmenter
