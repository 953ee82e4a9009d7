"""Worlds the integration tests share; Feast is imported once per process."""

from __future__ import annotations

from pathlib import Path

import pytest
from feast_world import World, make_world


@pytest.fixture
def world(tmp_path: Path) -> World:
    """A home with a history, nothing applied."""
    return make_world(tmp_path)


@pytest.fixture
def applied(world: World) -> World:
    """The definitions are in the registry."""
    from feature_repo.apply import apply_definitions

    apply_definitions(world.settings)
    return world


@pytest.fixture
def built(applied: World) -> World:
    """The online rows are built up to the clock."""
    from feature_repo.materialize import materialize

    materialize(applied.settings, None, None, lambda *_: None)
    return applied
