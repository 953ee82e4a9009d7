"""What happens after t never moves a feature at t, through the training reader and the shipped definitions."""

from __future__ import annotations

import random
from typing import Any

import numpy as np
import pytest
from event_factories import make_event
from history_files import shipped_home, write_events, write_facts

from strata.events import DAY_US
from strata.registry import read_catalog
from strata.settings import Settings
from training.definition import list_definitions, load_definition
from training.reader import FeastReader

pytestmark = pytest.mark.integration

T = 17_300 * DAY_US + 5 * 3_600_000_000
USERS = [f"u{n}" for n in range(12)]
SERVICES = sorted({load_definition(name).feature_service for name in list_definitions()})


def _history(chance: random.Random) -> list[dict[str, Any]]:
    """300 days of purchases and redemptions, up to and past T."""
    return [
        make_event(
            event_id=f"h{i}",
            user_id=chance.choice(USERS),
            event_type=chance.choice(["purchase"] * 9 + ["coupon_redemption"]),
            event_time_us=(at := T + chance.randrange(-240, 60) * DAY_US + chance.randrange(DAY_US)),
            recorded_us=at,
            session_id=f"s{chance.randrange(900)}",
            category=chance.choice(["GROCERY", "PRODUCE", "MEAT", "FUEL"]),
            value=chance.randrange(100, 9_000),
            discount=chance.choice([0, 0, 50]),
        )
        for i in range(2_500)
    ]


def _after_changed(events: list[dict[str, Any]], chance: random.Random) -> list[dict[str, Any]]:
    """Every way of meddling with what was not known at T: delete, change, add, and report late."""
    past = [event for event in events if event["event_time_us"] <= T]
    future = [event for event in events if event["event_time_us"] > T]
    kept = chance.sample(future, len(future) // 2)
    changed = [{**event, "value": 77_777, "event_type": "coupon_redemption", "user_id": "u0"} for event in kept]
    added = [make_event(event_id=f"n{i}", user_id=u, event_time_us=T + 1 + i, value=5_000) for i, u in enumerate(USERS)]
    late = [
        make_event(event_id=f"l{i}", user_id=u, event_time_us=T - DAY_US, recorded_us=T + 1, value=9_999)
        for i, u in enumerate(USERS)
    ]
    return past + changed + added + late


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with the shipped definitions applied."""
    facts = [{"user_id": u, "event_time_us": T - 90 * DAY_US, "kids": "1"} for u in USERS[::2]]
    return shipped_home(tmp_path_factory.mktemp("home"), _history(random.Random(1)), facts)


def _read(settings: Settings, service: str) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Every user at T and at two instants before it."""
    times = np.repeat([T - 30 * DAY_US, T - 1, T], len(USERS))
    return FeastReader(settings, read_catalog(settings.registry)).matrix(service, USERS * 3, times)


@pytest.mark.parametrize("service", SERVICES)
def test_no_feature_at_t_moves_when_the_future_does(settings: Settings, service: str) -> None:
    """Events after t added, changed and deleted, events reported after t, facts learned after t: bit for bit equal.

    An event changed before t does move features, so the comparison sees.
    """
    chance = random.Random(2)
    events = _history(random.Random(1))
    write_events(settings.home, events)
    facts = [{"user_id": u, "event_time_us": T - 90 * DAY_US, "kids": "1"} for u in USERS[::2]]
    write_facts(settings.home, facts)
    before = _read(settings, service)
    assert np.isfinite(before).mean() > 0.5

    write_events(settings.home, _after_changed(events, chance))
    write_facts(settings.home, [*facts, *({"user_id": u, "event_time_us": T + 1, "kids": "3+"} for u in USERS)])
    np.testing.assert_array_equal(_read(settings, service), before)

    meddled = [{**e, "value": e["value"] * 2} if e["event_time_us"] <= T - DAY_US else e for e in events]
    write_events(settings.home, meddled)
    write_facts(settings.home, facts)
    assert (np.nan_to_num(_read(settings, service)) != np.nan_to_num(before)).any()
