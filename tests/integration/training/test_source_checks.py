"""Checks for leaks on the shipped definitions through Feast: clean data pass, planted leaks do not."""

from __future__ import annotations

import random
from typing import Any

import pytest
from event_factories import make_event
from history_files import shipped_home, write_events

from strata.events import DAY_US
from strata.registry import read_catalog
from strata.settings import Settings
from training.definition import load_definition
from training.history import History
from training.judge.leaks.check import Check
from training.judge.leaks.dates import DATES
from training.judge.leaks.recomputed import FEATURES
from training.lab.peeking import PeekingReader
from training.lab.planted import plant_leaks
from training.labels.schedule import Schedule
from training.reader import FeastReader, FeatureReader
from training.source_checks import source_checks

pytestmark = pytest.mark.integration

T = 17_300 * DAY_US + 5 * 3_600_000_000
USERS = [f"u{n}" for n in range(12)]
PLAN = Schedule((T - 60 * DAY_US,), (T - 30 * DAY_US,), (T,), 30 * DAY_US)


def _history(chance: random.Random) -> list[dict[str, Any]]:
    """300 days of purchases up to and past T, a tenth of them reported up to 20 days late."""
    events = []
    for i in range(2_000):
        at = T + chance.randrange(-240, 60) * DAY_US + chance.randrange(DAY_US)
        late = chance.randrange(20 * DAY_US) if chance.random() < 0.1 else 0
        events.append(make_event(
            event_id=f"h{i}", user_id=chance.choice(USERS), event_type="purchase", event_time_us=at,
            recorded_us=at + late, session_id=f"s{i}", category="GROCERY", value=chance.randrange(100, 9_000),
        ))  # fmt: skip
    return events


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """A home with the shipped definitions applied."""
    facts = [{"user_id": u, "event_time_us": T - 90 * DAY_US, "kids": "1"} for u in USERS[::2]]
    return shipped_home(tmp_path_factory.mktemp("home"), _history(random.Random(1)), facts)


def _check(settings: Settings, reader: FeatureReader) -> dict[str, Check]:
    definition = load_definition("promo_responder")
    schema = reader.schema(definition.feature_service)
    checks = source_checks(definition, schema, reader, History(settings.history), PLAN)
    return {check.check: check for check in checks}


def test_the_shipped_features_are_known_at_their_label_dates(settings: Settings) -> None:
    """Late reports and all: computed again from what was recorded by the date alone, every feature is the same."""
    found = _check(settings, FeastReader(settings, read_catalog(settings.registry)))
    assert found[FEATURES].passed, found[FEATURES].statement
    assert found[FEATURES].statement.startswith("24 rows at 2 label dates were computed again")
    assert found[DATES].passed


def test_features_computed_after_the_label_date_are_caught(settings: Settings) -> None:
    """The same definitions asked ten days too late; the sentence names features and counts rows."""
    late = PeekingReader(FeastReader(settings, read_catalog(settings.registry)), 10 * DAY_US)
    found = _check(settings, late)[FEATURES]
    assert not found.passed
    assert found.statement.startswith("Of 24 rows at 2 label dates, these features change")
    assert " rows)" in found.statement


def test_redemptions_dated_at_midnight_are_caught(settings: Settings) -> None:
    """Dates written as the beginning of their day: known, says the history, before the shop opened."""
    events = _history(random.Random(1))
    planted = [
        make_event(event_id=f"d{i}", user_id=USERS[i % 12], event_type="coupon_redemption", utc_offset_s=-18_000,
                   event_time_us=(at := (17_200 + i) * DAY_US + 18_000_000_000), recorded_us=at)
        for i in range(40)
    ]  # fmt: skip
    write_events(settings.home, [*events, *planted])
    found = _check(settings, FeastReader(settings, read_catalog(settings.registry)))[DATES]
    write_events(settings.home, events)
    assert not found.passed
    assert "coupon_redemption (40 of 40 at local midnight)" in found.statement


def test_each_planted_leak_is_caught_and_nothing_else_is(settings: Settings) -> None:
    """As `strata lab leaks` does it: sixty users, redemptions known by date, five leaks."""
    chance, users = random.Random(4), [f"p{n}" for n in range(60)]
    bought = [{**event, "user_id": chance.choice(users)} for event in _history(random.Random(1))]
    redeemed = [
        make_event(event_id=f"c{i}", user_id=users[chance.randrange(30)], event_type="coupon_redemption",
                   event_time_us=(at := (T // DAY_US + chance.randrange(-240, 60)) * DAY_US - 1), recorded_us=at)
        for i in range(120)
    ]  # fmt: skip
    write_events(settings.home, [*bought, *redeemed])
    reader = FeastReader(settings, read_catalog(settings.registry))
    stages: list[str] = []
    found = plant_leaks(
        load_definition("promo_responder"), reader, History(settings.history), T + 60 * DAY_US, stages.append
    )
    assert [
        (each.leak, each.caught, each.clean.statement, each.planted.statement) for each in found if not each.caught
    ] == []
    assert stages == ["reading features", *(each.leak for each in found)]
    assert len(found) == 5
    told = found[0].to_json()
    assert (told["caught"], told["clean"]["passed"], told["planted"]["passed"]) == (True, True, False)
