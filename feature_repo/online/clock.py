"""The platform's settings and clock, for a store that Feast's own commands opened."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from feature_repo.places import in_repo
from strata.clock import Clock
from strata.settings import Settings, load_settings

if TYPE_CHECKING:
    from feast import RepoConfig


def settings_of(config: RepoConfig) -> Settings:
    """Those of $STRATA_SETTINGS, or of the file that feature_store.yaml names, or none; the environment wins."""
    named = in_repo(config, config.online_store.settings)
    use_named = named.is_file() and not os.environ.get("STRATA_SETTINGS")
    return load_settings(named if use_named else None)


def clock_of(config: RepoConfig) -> Clock:
    """The settings' clock, or the system's. A replay without an origin begins when this is called."""
    return settings_of(config).make_clock()
