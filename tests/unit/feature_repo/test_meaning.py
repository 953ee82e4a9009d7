"""Definitions in words."""

from __future__ import annotations

import pytest

from feature_repo.meaning import duration, meaning
from strata.features import builder as b
from strata.features.definition import definition_of

BOUGHT = b.event_type.eq("purchase")


@pytest.mark.parametrize(
    ("feature", "words"),
    [
        (b.count("x", window=b.days(7)), "count of events, over 7 d"),
        (
            b.recency("x", window=b.days(30), where=BOUGHT),
            "days since the newest event, over 30 d, where event_type is purchase",
        ),
        (
            b.mean("x", of="value", per="session_id", window=b.days(90), where=BOUGHT),
            "mean of value / 100 per session_id, over 90 d, where event_type is purchase",
        ),
        (
            b.share("x", window=b.hours(36), where=b.category.isin("A", "B"), base=BOUGHT, of="value"),
            "share of value with category is one of (A, B), over 36 h, where event_type is purchase",
        ),
        (b.share("x", window=b.days(1), where=b.hour.lt(6)), "share of events with hour < 6, over 1 d"),
    ],
)  # fmt: skip
def test_a_definition_reads_as_a_phrase(feature: b.Feature, words: str) -> None:
    """Function, column, window and filter, in that order."""
    assert meaning(definition_of(feature.triple(b.hours(1))[2])) == words


def test_a_length_is_named_by_its_largest_whole_unit() -> None:
    """90 minutes is 90 min, not 1.5 h."""
    assert [duration(n * 1_000_000) for n in (86_400, 3_600, 5_400, 90)] == ["1 d", "1 h", "90 min", "90 s"]
