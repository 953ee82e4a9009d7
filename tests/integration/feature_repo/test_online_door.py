"""Reads and pushes through Feast's SDK."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pandas as pd
import pytest
from event_factories import batch_of, make_event
from feast_world import NOW_US, USERS, World
from history_files import HOUR_US

from strata.errors import DefinitionInvalid, InputInvalid
from strata.features.fold import fold_batch
from strata.features.plan import compile_view
from strata.features.reader import compile_reader
from strata.registry import read_catalog

pytestmark = pytest.mark.integration

ASKED = [*USERS, "nobody"]
VIEWS = ("rfm", "behaviour", "temporal")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read(store: Any, service: str, users: list[str] = ASKED) -> dict[str, list[Any]]:
    response = store.get_online_features(
        features=store.get_feature_service(service),
        entity_rows=[{"user_id": user} for user in users],
        full_feature_names=True,
    )
    return dict(response.to_dict())


def historical(store: Any, service: str, users: list[str] = ASKED, at_us: int = NOW_US) -> dict[str, list[Any]]:
    frame = pd.DataFrame({"user_id": users, "event_timestamp": [EPOCH + timedelta(microseconds=at_us)] * len(users)})
    job = store.get_historical_features(
        entity_df=frame,
        features=store.get_feature_service(service),
        full_feature_names=True,
        filter_by_created_timestamp=True,
    )
    table = job.to_arrow().drop_columns(["event_timestamp"])
    return {name: table.column(name).to_pylist() for name in table.column_names}


def pushed_frame(events: list[dict[str, Any]]) -> pd.DataFrame:
    frame = pd.DataFrame(events).rename(columns={"event_time_us": "event_time", "recorded_us": "recorded_at"})
    for column in ("event_time", "recorded_at"):
        frame[column] = pd.to_datetime(frame[column], unit="us", utc=True)
    return frame


def purchase(user: str, at_us: int, value: int, **columns: Any) -> dict[str, Any]:
    return make_event(
        user_id=user, event_time_us=at_us, value=value, category="GROCERY", discount=0, session_id="new", **columns
    )


def test_online_equals_historical_at_the_clock(built: World) -> None:
    """Every feature of both services, for every user, the unknown one included."""
    store = built.open()
    for service in ("value_tiers", "promo_responder"):
        online, offline = read(store, service), historical(store, service)
        assert online == offline
    assert online["rfm__monetary_365d"][0] > 0
    assert online["profile__kids"][0] == "1"
    assert online["profile__kids"][1] is None  # "17" is no category of the view


def kernel_values(world: World, view: str, users: list[str], events: list[dict[str, Any]]) -> list[list[float | None]]:
    """What the kernel makes of the events, per user; None is missing."""
    catalog = read_catalog(world.settings.registry)
    table, layouts = catalog.table_of(view), catalog.tables()
    reader = compile_reader([compile_view(catalog.views[view].spec)], layouts, {view: table})
    rows: list[bytes | None] = []
    for user in users:
        mine = batch_of([event for event in events if event["user_id"] == user])
        rows.append(fold_batch(layouts[table], [None], mine, [0] * len(mine)).rows[0])
    values = reader.many([rows], NOW_US).values.tolist()
    return [[None if value != value else value for value in row] for row in values]  # noqa: PLR0124 - NaN


def test_online_equals_the_kernel(built: World) -> None:
    """What Feast reads is the kernel's evaluation of the same rows, number for number."""
    store, catalog = built.open(), read_catalog(built.settings.registry)
    online = read(store, "promo_responder", list(USERS))
    known = [event for event in built.events if event["recorded_us"] <= NOW_US]
    for name in VIEWS:
        expected = kernel_values(built, name, list(USERS), sorted(known, key=lambda event: event["recorded_us"]))
        for i, field in enumerate(catalog.views[name].spec.names):
            assert online[f"{name}__{field}"] == [row[i] for row in expected]


def test_an_unknown_user_is_not_found(built: World) -> None:
    """Not present, not zero: every value of a user without state has the status NOT_FOUND."""
    store = built.open()
    response = store.get_online_features(
        features=store.get_feature_service("promo_responder"), entity_rows=[{"user_id": "nobody"}, {"user_id": "1"}]
    ).proto
    statuses = {name: list(result.statuses) for name, result in zip(
        response.metadata.feature_names.val, response.results, strict=True
    )}  # fmt: skip
    del statuses["user_id"]
    assert {status[0] for status in statuses.values()} == {3}
    assert {status[1] for status in statuses.values()} == {1}


def test_a_pushed_event_counts_at_once(built: World) -> None:
    """One purchase changes every windowed view of the history; pushing it again changes nothing more."""
    store = built.open()
    before = read(store, "promo_responder", ["1"])
    event = purchase("1", NOW_US - 5_000_000, 12_345, quantity=2, item_id="brand new")
    for _ in range(2):
        store.push("events_push", pushed_frame([event]))
        after = read(store, "promo_responder", ["1"])
        assert after["rfm__monetary_30d"][0] == pytest.approx(before["rfm__monetary_30d"][0] + 123.45, abs=1e-9)
        assert after["rfm__recency_30d"][0] == 5_000_000 / 86_400_000_000
        assert after["behaviour__products_60d"][0] == before["behaviour__products_60d"][0] + 1
        assert after["behaviour__items_60d"][0] == before["behaviour__items_60d"][0] + 2
        assert after["temporal__active_days_60d"][0] >= before["temporal__active_days_60d"][0]


def test_pushes_of_a_new_user_equal_the_kernel(built: World) -> None:
    """Out of order, with nulls, in one frame: the same numbers as folding them in order."""
    store, catalog = built.open(), read_catalog(built.settings.registry)
    events = [purchase("new", NOW_US - hours * HOUR_US, 100 + hours) for hours in (5, 900, 30, 1)]
    events[1] |= {"value": None, "quantity": None, "category": None, "session_id": None}
    store.push("events_push", pushed_frame(events))
    online = read(store, "value_tiers", ["new"])
    names = catalog.views["rfm"].spec.names
    assert [online[f"rfm__{name}"][0] for name in names] == kernel_values(built, "rfm", ["new"], events)[0]
    assert online["rfm__frequency_365d"] == [1]


def test_async_reads_and_pushes_equal_the_others(built: World) -> None:
    """The asynchronous doors give the same answers."""
    store = built.open()

    async def both() -> tuple[Any, Any]:
        await store.push_async("events_push", pushed_frame([purchase("2", NOW_US - 1, 700)]))
        response = await store.get_online_features_async(
            features=store.get_feature_service("promo_responder"),
            entity_rows=[{"user_id": user} for user in ASKED],
            full_feature_names=True,
        )
        return response.to_dict(), read(store, "promo_responder")

    asynchronous, synchronous = asyncio.run(both())
    assert asynchronous == synchronous


def test_an_older_fact_never_replaces_a_newer_one(built: World) -> None:
    """Facts are ordered by (event time, recorded time), however they arrive; an equal one corrects."""
    store = built.open()

    def push(hours: int, kids: str, recorded_hours: int | None = None) -> str:
        at = EPOCH + timedelta(microseconds=NOW_US - hours * HOUR_US)
        recorded = EPOCH + timedelta(microseconds=NOW_US - (recorded_hours or hours) * HOUR_US)
        row = {"user_id": "1", "event_time": at, "recorded_at": recorded, "kids": kids, "age_band": "35-44"}
        frame = pd.DataFrame([{**row, "income_band": None, "household_size": None}])
        store.push("profile_push", frame)
        return str(read(store, "promo_responder", ["1"])["profile__kids"][0])

    assert push(10, "2") == "2"
    assert push(20, "0") == "2"
    assert push(10, "3+") == "3+"
    assert push(10, "0", recorded_hours=11) == "3+"
    assert push(10, "1", recorded_hours=9) == "1"


def test_what_cannot_be_pushed_is_refused_in_words(built: World) -> None:
    """A computed view, an event of the future, a category that is none: the state stays as it was."""
    store = built.open()
    before = read(store, "promo_responder")
    rfm = pd.DataFrame([{"user_id": "1", "event_time": EPOCH, "recorded_at": EPOCH} | dict.fromkeys(
        read_catalog(built.settings.registry).views["rfm"].spec.names, 1.0)])  # fmt: skip
    with pytest.raises(InputInvalid, match="computed from events"):
        store.write_to_online_store("rfm", rfm)
    with pytest.raises(InputInvalid, match="lies after the platform's clock"):
        store.push("events_push", pushed_frame([purchase("1", NOW_US + 1, 1)]))
    at = EPOCH + timedelta(microseconds=NOW_US)
    fact = {"user_id": "1", "event_time": at, "recorded_at": at, "kids": "many", "age_band": None}
    with pytest.raises(InputInvalid, match="not among its categories"):
        store.push("profile_push", pd.DataFrame([{**fact, "income_band": None, "household_size": None}]))
    assert read(store, "promo_responder") == before


def test_a_rebuild_stops_at_the_clock(applied: World) -> None:
    """Events after the clock, and events not yet recorded, are not in the rows; a later rebuild has them."""
    from feature_repo.materialize import materialize

    early_us = NOW_US - 100 * 24 * HOUR_US
    built = materialize(applied.settings, ["rfm"], early_us, lambda *_: None)
    assert [(one.view, one.watermark_us) for one in built] == [("rfm", early_us)]
    early = applied.open(early_us)
    assert read(early, "value_tiers") == historical(early, "value_tiers", at_us=early_us)
    materialize(applied.settings, ["rfm"], None, lambda *_: None)
    late = applied.open()
    assert read(late, "value_tiers") == historical(late, "value_tiers")
    assert read(late, "value_tiers") != read(early, "value_tiers")


def test_feasts_own_materialize_builds_the_same(applied: World) -> None:
    """`FeatureStore.materialize` up to now, and again as an increment, equals the historical values."""
    store = applied.open()
    now = EPOCH + timedelta(microseconds=NOW_US)
    store.materialize(EPOCH, now)
    assert read(store, "promo_responder") == historical(store, "promo_responder")
    store.materialize_incremental(now)
    assert read(store, "promo_responder") == historical(store, "promo_responder")


def test_a_changed_view_reads_as_missing_until_it_is_built(built: World) -> None:
    """Rows of another definition are never taken for the new one."""
    from feature_repo.apply import apply_definitions

    source = (built.settings.repo / "repository.py").read_text()
    change = (
        "\nfrom feature_repo.declare import windowed\n"
        "from feature_repo.definitions import entities, sources\n"
        "from strata.features.builder import count, days\n"
        "FeatureView_rfm = windowed('rfm', entity=entities.user, source=sources.events_push,\n"
        "                           features=[count('frequency_30d', window=days(30))])\n"
        "del FeatureService_value_tiers, FeatureService_promo_responder\n"
    )
    (built.settings.repo / "repository.py").write_text(source + change)
    apply_definitions(built.settings)
    response = built.open().get_online_features(features=["rfm:frequency_30d"], entity_rows=[{"user_id": "1"}])
    assert response.to_dict()["frequency_30d"] == [None]


def test_materialising_what_is_not_there_is_a_sentence(world: World) -> None:
    """Before an apply, and for a view of another name, the caller is told what there is."""
    from feature_repo.apply import apply_definitions
    from feature_repo.materialize import materialize

    with pytest.raises(DefinitionInvalid, match="run: strata features apply"):
        materialize(world.settings, None, None, lambda *_: None)
    apply_definitions(world.settings)
    with pytest.raises(DefinitionInvalid, match="no view 'nope' to build; the registry has behaviour, profile"):
        materialize(world.settings, ["nope"], None, lambda *_: None)
