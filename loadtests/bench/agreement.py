"""Whether systems give the same segments: costs of different answers are not comparable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from loadtests.bench.workload import Sample
from strata.errors import StrataError

OURS = "embedded"
"""The system the others are held to."""
AGREEMENT = 0.995
"""The share of users on whom ours and the glued stack must agree. Not 1: our windows move on with the clock while
the glued stack serves the values it was loaded with."""


def agreement(samples: Mapping[str, Sequence[Sample]], name: str) -> float:
    """The share of users to whom `name` gives the segments that `embedded` gives, over calls asked of both."""
    pairs = [
        mine == theirs
        for mine_part, their_part in zip(samples[OURS], samples[name], strict=True)
        for mine, theirs in zip(mine_part.segments, their_part.segments, strict=True)
    ]
    return sum(pairs) / len(pairs)


def least_agreement(before: Mapping[str, Sequence[Sample]], after: Mapping[str, Sequence[Sample]]) -> dict[str, float]:
    """Per system, the lesser of both agreements."""
    return {name: min(agreement(before, name), agreement(after, name)) for name in before}


def require_agreement(samples: Mapping[str, Sequence[Sample]]) -> None:
    """Raises StrataError when a system gives too many users other segments."""
    for name in samples:
        share = agreement(samples, name)
        if share < AGREEMENT:
            raise StrataError(
                f"{name} gives {1 - share:.1%} of the users other segments than the embedded gateway does; "
                "costs of different answers are not comparable"
            )
