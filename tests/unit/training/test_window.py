"""How far back, as people write it."""

from __future__ import annotations

import pytest

from strata.clock import parse_instant
from strata.errors import InputInvalid
from training.window import parse_since

NOW_US = parse_instant("2017-12-01T05:00:00Z")


@pytest.mark.parametrize(
    ("text", "instant"),
    [
        ("180d", "2017-06-04T05:00:00Z"),
        ("2W", "2017-11-17T05:00:00Z"),
        ("2017-06-01", "2017-06-01T00:00:00Z"),
        ("2017-06-01T05:00:00+02:00", "2017-06-01T03:00:00Z"),
    ],
)
def test_durations_dates_and_instants(text: str, instant: str) -> None:
    """Durations are before the training's clock; a date is its midnight."""
    assert parse_since(text, NOW_US) == parse_instant(instant)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("last year", "'last year' is not a duration.*or a date like 2017-06-01"),
        ("2017-6-1", "is not an ISO 8601 instant"),
        ("2017-06-01T05:00", "has no offset"),
        ("2017-12-01T05:00:00Z", "is not before 2017-12-01T05:00:00Z"),
    ],
)
def test_nonsense_is_refused_in_a_sentence(text: str, words: str) -> None:
    """Each says what to write."""
    with pytest.raises(InputInvalid, match=words):
        parse_since(text, NOW_US)
