"""What tells segments apart: Cliff's delta against its definition, and the words made of it."""

from __future__ import annotations

import numpy as np
import pytest

from training.clusters.cards import plain_name, tell_traits, write_card
from training.clusters.telling import Difference, what_tells
from training.sections import Axis, SegmentText

AXES = {
    "spend": Axis(features=("rfm:spend_30d", "rfm:spend_90d"), missing="low", unit="euros"),
    "visits": Axis(features=("rfm:visits_30d",), missing="low", unit="visits"),
}
TEXT = SegmentText(key="best", label="Best", description="Spends most.")


def test_the_effect_is_a_count_of_pairs() -> None:
    """How often one of the segment is above one of the others, minus how often below, over all pairs; ties, no side."""
    rng = np.random.default_rng(4)
    values = rng.integers(0, 6, (60, 2)).astype(float)
    labels = rng.integers(0, 3, 60).astype(np.int32)
    values[::7, 1] = np.nan
    told = what_tells(values, labels, ["v:a", "v:b"], 3, 7)
    for segment in range(3):
        for one in told[segment]:
            column = values[:, ["v:a", "v:b"].index(one.feature)]
            ours, others = column[labels == segment], column[labels != segment]
            ours, others = ours[~np.isnan(ours)], others[~np.isnan(others)]
            pairs = np.sign(ours[:, None] - others[None, :]).mean()
            assert one == Difference(one.feature, np.median(ours), np.median(others), pytest.approx(pairs))
        assert abs(told[segment][0].effect) >= abs(told[segment][1].effect)


def test_a_feature_without_values_tells_nothing() -> None:
    """Nor does one whose values are all the same; a segment without users has no median."""
    values = np.column_stack([np.full(6, np.nan), np.ones(6)])
    labels = np.array([0, 0, 0, 1, 1, 1], dtype=np.int32)
    told = what_tells(values, labels, ["v:none", "v:same"], 3, 7)
    assert [one.effect for segment in told for one in segment] == [0.0] * 6
    assert Difference("v:none", None, None, 0.0) in told[0]
    assert Difference("v:same", None, 1.0, 0.0) in told[2]


def test_a_card_says_who_they_are() -> None:
    """Size, meaning, at most one difference per axis in words with both middles, and how many are near a border."""
    differences = [
        Difference("rfm:spend_90d", 900.0, 160.0, 0.8), Difference("rfm:spend_30d", 300.0, 50.0, 0.7),
        Difference("rfm:visits_30d", 2.5, 3.5, -0.2),
    ]  # fmt: skip
    card = write_card(TEXT, 250, 1_000, tell_traits(differences, AXES), border_share=0.2)
    assert card == (
        "Best: 250 of 1,000 users (25%). Spends most. What tells them apart: spend 90d typically 900 euros, much "
        "higher than the others' 160; visits 30d typically 2.5 visits, somewhat lower than the others' 3.5. 20% of "
        "them are near the border to another segment."
    )


def test_an_empty_segment_and_one_like_all_say_so() -> None:
    """A card is never a sentence with holes."""
    assert write_card(TEXT, 0, 1_000, "", border_share=None).endswith("Nobody is in it today.")
    assert tell_traits([Difference("rfm:spend_30d", 1.0, 1.0, 0.1)], AXES).startswith("No feature sets")
    assert plain_name("alone") == "alone"
