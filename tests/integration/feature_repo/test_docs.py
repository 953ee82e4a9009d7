"""docs/features.md shows code that runs."""

from __future__ import annotations

import re
from pathlib import Path

import oracle
import pandas as pd
import pytest
from event_factories import make_event
from feast_world import NOW_US, World

from strata.registry import read_catalog

pytestmark = pytest.mark.integration
PAGE = Path(__file__).parents[3] / "docs" / "features.md"


def test_the_five_minute_view_applies_and_reads(applied: World) -> None:
    """The page's view goes through apply, and its features are in the catalog and in the list."""
    from feature_repo.apply import apply_definitions
    from feature_repo.listing import list_catalog

    example = next(
        block for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL) if "pets" in block
    )
    repository = applied.settings.repo / "repository.py"
    repository.write_text(repository.read_text() + "\n" + example)
    changes = apply_definitions(applied.settings)
    assert (changes.added, changes.changed, changes.removed) == (("view pets",), (), ())
    listed = {view["name"]: view for view in list_catalog(read_catalog(applied.settings.registry))["views"]}
    assert [feature["meaning"] for feature in listed["pets"]["features"]] == [
        "count of events, over 90 d, where category is PETS and event_type is purchase",
        "total of value / 100, over 90 d, where category is PETS and event_type is purchase",
        "share of value with category is PETS, over 90 d, where event_type is purchase",
    ]


def test_the_five_minute_path_ends_in_values(built: World) -> None:
    """From the page's definition to its value live, an event later, and in a training set: the oracle's number."""
    from feature_repo.apply import apply_definitions
    from feature_repo.materialize import materialize
    from feature_repo.training_sets import historical_matrix

    example = next(
        block for block in re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL) if "pets" in block
    )
    repository = built.settings.repo / "repository.py"
    service = "\nfrom feast import FeatureService\npet_lovers = FeatureService(name='pet_lovers', features=[pets])\n"
    repository.write_text(repository.read_text() + "\n" + example.replace('"PETS"', '"MEAT"') + service)
    apply_definitions(built.settings)
    assert [one.view for one in materialize(built.settings, ["pets"], None, lambda *_: None)] == ["pets"]
    store = built.open()

    def live() -> list[float | None]:
        answer = store.get_online_features(
            features=store.get_feature_service("pet_lovers"), entity_rows=[{"user_id": "1"}]
        ).to_dict()
        return [answer[name][0] for name in ("pet_items_90d", "pet_spend_90d", "pet_share_90d")]

    def counted(events: list[dict]) -> list[float | None]:
        tags = [field.tags for field in read_catalog(built.settings.registry).views["pets"].spec.fields]
        ordered = sorted(events, key=lambda event: (event["recorded_us"], event["event_id"]))
        good = [event for event, said in zip(ordered, oracle.judged(ordered), strict=True) if said == "ACCEPTED"]
        known = [e for e in good if e["user_id"] == "1" and max(e["event_time_us"], e["recorded_us"]) <= NOW_US]
        return [oracle.feature(one, known, NOW_US) for one in tags]

    assert live() == counted(built.events)
    frame = pd.DataFrame({"user_id": ["1"], "event_timestamp": pd.to_datetime([NOW_US], unit="us", utc=True)})
    values, _ = historical_matrix(built.settings, "pet_lovers", frame)
    assert values[0].tolist() == counted(built.events)
    event = make_event(user_id="1", event_time_us=NOW_US - 1_000_000, value=4_200, category="MEAT")
    pushed = pd.DataFrame([event]).rename(columns={"event_time_us": "event_time", "recorded_us": "recorded_at"})
    for name in ("event_time", "recorded_at"):
        pushed[name] = pd.to_datetime(pushed[name], unit="us", utc=True)
    store.push("events_push", pushed)
    assert live() == counted([*built.events, event])
