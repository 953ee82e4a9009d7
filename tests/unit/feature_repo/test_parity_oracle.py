"""The parity command's oracle is quick; the one in tests/doubles is plain. They agree."""

from __future__ import annotations

import oracle
import pytest
from event_factories import HOP_S, NOON_US, every_function
from history_files import random_events

from feature_repo.parity.oracle import UserOracle
from strata.features.builder import fields, seconds

TAGS = [tags for _, _, tags in fields(every_function(), hop=seconds(HOP_S))]


def columns_of(events: list[dict]) -> dict[str, list]:
    names = events[0] if events else ("event_id", "event_time_us", "recorded_us", "utc_offset_s")
    return {name: [event[name] for event in events] for name in names}


@pytest.mark.parametrize("seed", range(4))
def test_both_oracles_agree(seed: int) -> None:
    """Every function over every window at instants around the events, late ones and repeats included."""
    events = random_events(seed, 120, ("a",))
    day_us = 86_400_000_000
    again = {**events[5], "value": 99, "recorded_us": events[5]["recorded_us"] + 8 * day_us}
    events += [dict(events[3]), {**again, "event_time_us": events[5]["event_time_us"] + 5 * day_us}]
    ordered = sorted(events, key=lambda event: (event["recorded_us"], event["event_id"]))
    good = [event for event, said in zip(ordered, oracle.judged(ordered), strict=True) if said == "ACCEPTED"]
    quick = UserOracle(columns_of(events))
    for event in events[:40]:
        t_us = event["recorded_us"] + (seed - 1)
        known = [e for e in good if e["recorded_us"] <= t_us]
        assert quick.values(TAGS, t_us) == [oracle.feature(tags, known, t_us) for tags in TAGS]


def test_a_user_without_events_is_missing_throughout() -> None:
    """So is one whose first event is still to come, or came too late to count."""
    late = {"event_time_us": NOON_US, "recorded_us": NOON_US + 8 * 86_400_000_000}
    events = random_events(1, 3, ("a",))
    assert UserOracle(columns_of([])).values(TAGS, NOON_US) == [None] * len(TAGS)
    assert UserOracle(columns_of(events)).values(TAGS, NOON_US - 10**12) == [None] * len(TAGS)
    assert UserOracle(columns_of([{**events[0], **late}])).values(TAGS, NOON_US + 10**13) == [None] * len(TAGS)
