"""Features read from the online state."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from toy_home import AGE_S, NOW_US, make_home

from serving.adapters.stored_features import StoredFeatures
from serving.domain.features import NO_WATERMARK, FeatureRows, UserRow
from strata.registry import read_catalog
from strata.state import LmdbState, open_state

NAN = float("nan")
PAIRS = {
    "tiers": (("toy", "spend"), ("toy", "orders")),
    "promo": (("toy", "coupons"),),
}


@pytest.fixture
def state(tmp_path: Path) -> LmdbState:
    settings = make_home(tmp_path)
    return open_state(settings.state)


@pytest.fixture
def features(state: LmdbState, tmp_path: Path) -> StoredFeatures:
    return StoredFeatures(state, read_catalog(tmp_path / "registry.db"), PAIRS, monotonic=lambda: 0.0)


def read_user(features: StoredFeatures, keys: tuple[str, ...], user: str) -> list[UserRow]:
    return features.evaluate_user(features.find_user(keys, user), NOW_US)


def _same(one: UserRow, many: FeatureRows, position: int) -> bool:
    return (
        np.array_equal(one.values, many.values[position], equal_nan=True)
        and one.known == bool(many.known[position])
        and one.watermark_us == int(many.watermark_us[position])
        and one.damaged == (many.damaged is not None and bool(many.damaged[position]))
    )


def test_columns_come_in_the_models_order_whatever_the_views(features: StoredFeatures) -> None:
    tiers, promo = features.read(("tiers", "promo"), ["bob", "cat"], NOW_US)
    assert np.array_equal(tiers.values, [[10.0, 10.0], [NAN, 0.0]], equal_nan=True)
    assert np.array_equal(promo.values, [[3.0], [NAN]], equal_nan=True)


def test_a_user_without_a_row_is_not_known(features: StoredFeatures) -> None:
    """All values missing."""
    [tiers] = features.read(("tiers",), ["ann", "nobody"], NOW_US)
    assert tiers.known.tolist() == [True, False]
    assert not tiers.all_known
    assert np.isnan(tiers.values[1]).all()


def test_the_age_is_that_of_the_views_watermark(features: StoredFeatures) -> None:
    [tiers] = features.read(("tiers",), ["ann"], NOW_US)
    assert NOW_US - int(tiers.watermark_us[0]) == AGE_S * 1_000_000


def test_one_user_alone_reads_as_in_a_batch(features: StoredFeatures) -> None:
    """The short way for one user and the batch's arithmetic agree."""
    users = ["ann", "bob", "cat", "nobody"]
    names = ("tiers", "promo")
    batch = features.read(names, users, NOW_US)
    for position, user in enumerate(users):
        for one, many in zip(read_user(features, names, user), batch, strict=True):
            assert _same(one, many, position)
            assert one.complete <= (not np.isnan(one.values).any())
            assert _same(one, one.as_rows(), 0)


def test_a_damaged_row_is_its_own_users_trouble(features: StoredFeatures, state: LmdbState) -> None:
    """In a batch and alone."""
    state.put("toy", [("bob", b"STR1 and then nonsense")])
    [tiers] = features.read(("tiers",), ["ann", "bob"], NOW_US)
    assert tiers.damaged is not None
    assert tiers.damaged.tolist() == [False, True]
    assert tiers.values[0].tolist() == [5.0, 5.0]
    [both] = features.read(("tiers",), ["bob"], NOW_US)
    [alone] = read_user(features, ("tiers",), "bob")
    assert alone.damaged
    assert _same(alone, both, 0)


def test_a_view_never_built_has_no_watermark(tmp_path: Path) -> None:
    """Rows that were only put say nothing of how far the view had got."""
    settings = make_home(tmp_path / "home")
    with open_state(tmp_path / "fresh") as fresh:
        features = StoredFeatures(fresh, read_catalog(settings.registry), PAIRS)
        [tiers] = features.read(("tiers",), ["ann"], NOW_US)
    assert tiers.known.tolist() == [False]
    assert tiers.watermark_us.tolist() == [NO_WATERMARK]
