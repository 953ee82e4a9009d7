"""A drill slows the store and changes nothing else."""

from __future__ import annotations

from collections.abc import Sequence

from serving.adapters.delayed_features import DelayedFeatures
from serving.domain.features import FeatureRows


class _Source:
    """Tells what it was asked."""

    def __init__(self, happened: list[object]) -> None:
        self._happened = happened

    def read(self, segmenters: tuple[str, ...], users: Sequence[str], at_us: int) -> list[FeatureRows]:
        self._happened.append((segmenters, list(users), at_us))
        return []


def test_a_read_waits_and_then_reads_what_was_asked() -> None:
    """The delay comes first, in seconds, and the question is passed on as it was."""
    happened: list[object] = []
    DelayedFeatures(_Source(happened), 0.02, sleep=happened.append).read(("tiers",), ["u1"], 7)
    assert happened == [0.02, (("tiers",), ["u1"], 7)]
