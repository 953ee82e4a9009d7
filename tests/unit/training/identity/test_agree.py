"""Whether an older package can answer about rows."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_package import VIEW_FINGERPRINTS, write_toy_tiers

from strata.errors import InputInvalid
from strata.runtime import FeatureInput, Manifest, load_package
from training.identity.agree import columns_of


@pytest.fixture
def manifest(tmp_path: Path) -> Manifest:
    """Reads toy:orders (int64) and toy:spend (float64)."""
    return load_package(write_toy_tiers(tmp_path)).manifest


def test_columns_are_found_by_name(manifest: Manifest) -> None:
    """In another order, among others, and with another default: each package fills in its own."""
    features = [
        FeatureInput("toy", "spend", "float64", 3.0), FeatureInput("toy", "new", "float64"),
        FeatureInput("toy", "orders", "int64"),
    ]  # fmt: skip
    assert columns_of(manifest, features, VIEW_FINGERPRINTS) == [2, 0]


def test_every_difference_is_named(manifest: Manifest) -> None:
    """A feature that is gone, one of another type, a view defined otherwise."""
    features = [FeatureInput("toy", "spend", "string", None, ("a",))]
    with pytest.raises(InputInvalid) as told:
        columns_of(manifest, features, {"toy": "0" * 16})
    assert str(told.value) == (
        f"toy_tiers {manifest.version} cannot answer about these rows: toy:orders is not among the features; "
        "toy:spend was float64 and is string; the view toy is defined otherwise"
    )
