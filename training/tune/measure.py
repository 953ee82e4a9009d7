"""Whether a runtime answers as the package does, and how long it takes: interleaved, medians."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import Final

import numpy as np

from strata.runtime.choice.document import Runtime
from strata.runtime.model import Floats, Model, Scores

SIZES: Final = (1, 32, 1_000)
CLOSE: Final = 1e-6
"""Of scores: those are probabilities, posteriors or margins in [0, 1]."""
FEW: Final = 32
"""Rows of a small call: runtimes take other ways for one row, for some and for many."""
LONE: Final = 1_000
"""Rows of the reference that are also asked one by one and by few."""
SLICE_S: Final = 0.05
LOOK_CALLS: Final = 16
"""Lone rows between two looks at the clock: a look costs a twentieth of the quickest call."""


def disagreement(found: Scores, usual: Scores) -> str:
    """Why answers are not equal enough, in words; empty when they are: the same segments, scores within 1e-6."""
    others = int((found.segment_indexes != usual.segment_indexes).sum())
    farthest = float(np.abs(found.scores.astype(np.float64) - usual.scores).max(initial=0.0))
    if others:
        return f"{others:,} of {len(usual.scores):,} segments of the reference are others than the package's"
    return f"scores of the reference differ by up to {farthest:.2g}" if farthest > CLOSE else ""


def why_not(model: Model, values: Floats, truth: Scores) -> str:
    """How a runtime's answers differ from the package's, all rows at once, by few and one by one; empty: nowhere."""
    asked = (
        ("", model.score(values)),
        (f", {FEW} at a time", _by_few(model, values)),
        (" alone", _alone(model, values)),
    )
    for how, found in asked:
        count = len(found.scores)
        if said := disagreement(found, Scores(truth.segment_indexes[:count], truth.scores[:count])):
            return said + how
    return ""


def _by_few(model: Model, values: Floats) -> Scores:
    found = [model.score(values[at : at + FEW]) for at in range(0, min(len(values), LONE), FEW)]
    return Scores(np.concatenate([one.segment_indexes for one in found]), np.concatenate([one.scores for one in found]))


def _alone(model: Model, values: Floats) -> Scores:
    found = [model.score_row(row) for row in values[:LONE]]
    return Scores(np.array([one[0] for one in found], np.int32), np.array([one[1] for one in found], np.float32))


def measure(
    engines: Mapping[Runtime, Model], values: Floats, rounds: int, tell: Callable[[str], None]
) -> dict[Runtime, dict[int, float]]:
    """Median microseconds a call by runtime and rows a call; `values`: prepared for a model, SIZES[-1] rows at least
    of them or the same ones again."""
    rows = np.ascontiguousarray(np.resize(values, (max(SIZES), values.shape[1])))
    seen: dict[Runtime, dict[int, list[float]]] = {name: {size: [] for size in SIZES} for name in engines}
    for number in range(rounds + 1):
        tell(f"round {number} of {rounds}" if number else "warming")
        for size in SIZES:
            for name, model in engines.items():
                took_us = _slice(model, rows, size)
                if number:
                    seen[name][size].append(took_us)
    return {name: {size: median(times) for size, times in by_size.items()} for name, by_size in seen.items()}


def _slice(model: Model, rows: Floats, size: int) -> float:
    """Microseconds a call, over calls that each bring other rows than the last."""
    chunks = itertools.cycle([rows[at : at + size] for at in range(0, len(rows) - size + 1, size)])
    calls, began_s, passed_s = 0, time.perf_counter(), 0.0
    while passed_s < SLICE_S:
        for chunk in itertools.islice(chunks, LOOK_CALLS if size == 1 else 1):
            if size == 1:
                model.score_row(chunk[0])
            else:
                model.score(chunk)
            calls += 1
        passed_s = time.perf_counter() - began_s
    return passed_s / calls * 1e6
