"""Apply the feature repository and write every user's features to Redis, through Feast."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
from feast import FeatureStore

from loadtests.peers.glued.schema import Schema

REPOSITORY = Path(__file__).with_name("feature_repo")


def load(schema: Schema) -> FeatureStore:
    """The store, its registry applied and its Redis filled."""
    from loadtests.peers.glued.feature_repo import definitions

    store = FeatureStore(repo_path=str(REPOSITORY))
    store.apply([definitions.user, definitions.source, *definitions.views])
    rows = pd.read_parquet(schema.rows)
    rows["event_timestamp"] = datetime.now(UTC)
    for view, names in schema.views.items():
        columns = {f"{view}:{name}": name for name in names}
        frame = rows[["user_id", "event_timestamp", *columns]].rename(columns=columns)
        store.write_to_online_store(view, frame)
    return store
