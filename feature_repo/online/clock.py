"""The platform's clock, for a store that Feast's own commands opened."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from feature_repo.places import in_repo
from strata.clock import Clock
from strata.settings import load_settings

if TYPE_CHECKING:
    from feast import RepoConfig


def clock_of(config: RepoConfig) -> Clock:
    """The clock of $STRATA_SETTINGS, or of the settings file that feature_store.yaml names, or the system's.

    The environment wins over either. A replay without an origin begins when this is called.
    """
    named = in_repo(config, config.online_store.settings)
    use_named = named.is_file() and not os.environ.get("STRATA_SETTINGS")
    return load_settings(named if use_named else None).make_clock()
