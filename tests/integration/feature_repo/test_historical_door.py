"""Training rows through Feast's historical retrieval."""

from __future__ import annotations

import numpy as np
import oracle
import pandas as pd
import pytest
from feast_world import NOW_US, World
from history_files import HOUR_US, YEAR_START_US, write_aliases

from feature_repo.offline.aliases import Alias
from feature_repo.training_sets import historical_matrix
from strata.errors import DefinitionInvalid, InputInvalid
from strata.registry import read_catalog

pytestmark = pytest.mark.integration

DAY_US = 24 * HOUR_US


def frame_of(pairs: list[tuple[str, int]], **columns: list) -> pd.DataFrame:
    times = pd.to_datetime([t for _, t in pairs], unit="us", utc=True)
    return pd.DataFrame({"user_id": [u for u, _ in pairs], "event_timestamp": times, **columns})


PAIRS = [("2", NOW_US), ("1", NOW_US), ("nobody", NOW_US), ("1", NOW_US - 90 * DAY_US), ("2", NOW_US)]


def test_rows_keep_order_repeats_and_labels(applied: World) -> None:
    """The frame comes back with its own columns first, row for row, and a column for each feature."""
    store = applied.open()
    frame = frame_of(PAIRS, label=[1, 0, 1, 0, 1])
    table = store.get_historical_features(entity_df=frame, features=store.get_feature_service("value_tiers")).to_df()
    assert table["user_id"].tolist() == [user for user, _ in PAIRS]
    assert table["label"].tolist() == [1, 0, 1, 0, 1]
    assert table["monetary_365d"][0] == table["monetary_365d"][4]
    assert table["monetary_365d"].isna().tolist() == [False, False, True, False, False]
    assert len(table.columns) == 3 + 12


def test_a_subset_of_features_under_another_name(applied: World) -> None:
    """Projections, aliases and join keys of another name work as Feast has them."""
    from feast import FeatureService

    store = applied.open()
    view = store.get_feature_view("rfm")
    renamed = view[["monetary_90d"]].with_name("spend").with_join_key_map({"user_id": "buyer"})
    store.apply([FeatureService(name="aliased", features=[renamed])])
    frame = frame_of(PAIRS[:2]).rename(columns={"user_id": "buyer"})
    aliased = store.get_historical_features(
        entity_df=frame, features=store.get_feature_service("aliased"), full_feature_names=True
    ).to_df()
    plain = store.get_historical_features(entity_df=frame_of(PAIRS[:2]), features=["rfm:monetary_90d"]).to_df()
    assert aliased["spend__monetary_90d"].tolist() == plain["monetary_90d"].tolist()
    assert "renames" in read_catalog(applied.settings.registry).refused["aliased"]


def test_what_was_not_yet_recorded_is_left_out_when_asked(applied: World) -> None:
    """A late event is in today's view of the past and not in what was known then."""
    late = next(
        event
        for event in applied.events
        if HOUR_US <= event["recorded_us"] - event["event_time_us"] < 7 * DAY_US and event["event_type"] == "purchase"
    )
    store = applied.open()
    frame = frame_of([(late["user_id"], late["event_time_us"])])
    known, all_of_it = (
        store.get_historical_features(
            entity_df=frame, features=["rfm:monetary_365d"], filter_by_created_timestamp=as_known
        ).to_df()["monetary_365d"][0]
        for as_known in (True, False)
    )
    assert all_of_it - known == pytest.approx(late["value"] / 100, abs=1e-6)


def test_the_matrix_is_in_the_services_order(applied: World) -> None:
    """Columns follow the service, categories are indexes, missing is NaN, whatever order Feast gives back."""
    frame = frame_of(PAIRS)
    values, keys = historical_matrix(applied.settings, "promo_responder", frame)
    assert keys == read_catalog(applied.settings.registry).service("promo_responder").keys
    assert values.shape == (len(PAIRS), 49)
    assert values.dtype == np.float64
    columns = dict(zip(keys, values.T, strict=True))
    assert columns["profile:kids"][1] == 1.0
    assert columns["profile:age_band"][1] == 1.0
    assert np.isnan(columns["profile:kids"][0])  # "17" is no category
    assert np.isnan(values[2]).all()
    np.testing.assert_array_equal(values[0], values[4])


def test_events_after_t_never_move_a_feature(applied: World) -> None:
    """The same rows over a history without the events and facts recorded after t."""
    from history_files import write_events, write_facts

    t_us = YEAR_START_US + 200 * DAY_US
    frame = frame_of([("1", t_us), ("2", t_us), ("3", t_us - DAY_US)])
    before, _ = historical_matrix(applied.settings, "promo_responder", frame)
    home = applied.settings.home
    write_events(home, [event for event in applied.events if event["recorded_us"] <= t_us])
    write_facts(home, [fact for fact in applied.facts if fact["event_time_us"] <= t_us])
    after, _ = historical_matrix(applied.settings, "promo_responder", frame)
    np.testing.assert_array_equal(before, after)
    assert not np.isnan(before[:, 1]).any()


def test_an_empty_history_is_all_missing(applied: World) -> None:
    """Definitions may be applied, and asked, before there is a single event."""
    import shutil

    shutil.rmtree(applied.settings.history)
    values, _ = historical_matrix(applied.settings, "promo_responder", frame_of(PAIRS))
    assert np.isnan(values).all()


def test_requests_that_say_neither_who_nor_when_are_refused(applied: World) -> None:
    """SQL, a date range, a frame without its columns, the event view: each one sentence."""
    store = applied.open()
    features = ["rfm:monetary_30d"]
    frame = frame_of(PAIRS)

    def ask(message: str, kind: type[Exception] = InputInvalid, **named: object) -> None:
        with pytest.raises(kind, match=message):
            store.get_historical_features(**{"features": features, **named})

    ask("not SQL", entity_df="SELECT 1")
    ask("date range", entity_df=None, start_date=pd.Timestamp("2017-01-01", tz="UTC"))
    ask("no column event_timestamp", entity_df=frame.rename(columns={"event_timestamp": "t"}))
    ask("no column user_id", entity_df=frame.rename(columns={"user_id": "who"}))
    ask("user ids as strings", entity_df=frame.assign(user_id=[1, 2, 3, 4, 5]))
    ask("takes events in", DefinitionInvalid, entity_df=frame, features=["events:value"])
    with pytest.raises(InputInvalid, match="is empty"):
        historical_matrix(applied.settings, "value_tiers", frame.head(0))
    with pytest.raises(DefinitionInvalid, match="no feature service is named 'nope'"):
        historical_matrix(applied.settings, "nope", frame)


def test_history_with_an_alias_equals_the_oracle(applied: World) -> None:
    """`get_historical_features` of both ids: apart before the alias was recorded, one user from then on."""
    alias_us = NOW_US - 60 * DAY_US
    write_aliases(applied.settings.home, [Alias(alias_us, "alias-1", "3", "1")])
    pairs = [(user, t) for user in ("1", "3", "2") for t in (alias_us - 1, alias_us, NOW_US)]
    values, keys = historical_matrix(applied.settings, "value_tiers", frame_of(pairs))
    view = read_catalog(applied.settings.registry).views["rfm"].spec
    tags = {f"rfm:{field.name}": field.tags for field in view.fields}
    ordered = sorted(applied.events, key=lambda event: (event["recorded_us"], event["event_id"]))
    good = [event for event, said in zip(ordered, oracle.judged(ordered), strict=True) if said == "ACCEPTED"]
    for row, (user, t_us) in enumerate(pairs):
        same = {"1", "3"} if user != "2" and t_us >= alias_us else {user}
        known = [e for e in good if e["user_id"] in same and max(e["event_time_us"], e["recorded_us"]) <= t_us]
        expected = [oracle.feature(tags[key], known, t_us) for key in keys]
        assert values[row].tolist() == pytest.approx(
            [np.nan if v is None else v for v in expected], rel=0, abs=0, nan_ok=True
        )
