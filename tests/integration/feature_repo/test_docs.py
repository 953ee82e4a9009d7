"""docs/features.md shows code that runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from feast_world import World

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
