from __future__ import annotations

from dataclasses import replace

import pytest

from loadtests.budget import Profile
from loadtests.measured import Latencies, Measured
from loadtests.verdict import judge, within

PROFILE = Profile(
    rate=100,
    duration_s=10,
    p50_ms=5,
    p95_ms=20,
    p99_ms=50,
    p99_9_ms=100,
    error_share=0.001,
    degraded_share=0.01,
    achieved_share=0.95,
)
ON_THE_LIMITS = Measured(
    offered=1000,
    good=999,
    degraded={"UNKNOWN_USER": 10},
    errors={"UNAVAILABLE": 1},
    duration_s=10,
    all=Latencies(calls=999, p50_ms=5, p95_ms=20, p99_ms=50, p99_9_ms=100, max_ms=400),
)


def test_a_run_exactly_on_its_limits_is_within() -> None:
    """Limits are inclusive."""
    assert within(judge(PROFILE, ON_THE_LIMITS))


@pytest.mark.parametrize("key", ["p50_ms", "p95_ms", "p99_ms", "p99_9_ms"])
def test_each_percentile_alone_can_fail_a_run(key: str) -> None:
    """One late percentile is enough."""
    late = replace(ON_THE_LIMITS, all=replace(ON_THE_LIMITS.all, **{key: getattr(PROFILE, key) + 0.1}))
    assert [line.kept for line in judge(PROFILE, late)].count(False) == 1


@pytest.mark.parametrize(
    ("change", "broken"),
    [
        ({"errors": {"UNAVAILABLE": 1, "wrong reply: x": 1}}, "errors"),
        ({"degraded": {"UNKNOWN_USER": 9, "SEGMENTER_TIMEOUT": 2}}, "degraded"),
        ({"good": 949}, "achieved rate"),
    ],
)
def test_each_share_alone_can_fail_a_run(change: dict[str, object], broken: str) -> None:
    """Errors, degraded answers and a rate that was not reached each fail a run that is fast."""
    lines = judge(PROFILE, replace(ON_THE_LIMITS, **change))  # type: ignore[arg-type]
    assert [line.name for line in lines if not line.kept] == [broken]


def test_a_run_without_an_answer_is_past_the_budget() -> None:
    """Nothing measured is nothing shown."""
    nothing = Measured(0, 0, {}, {}, 10, all=Latencies(0, 0, 0, 0, 0, 0))
    assert not within(judge(PROFILE, nothing))
