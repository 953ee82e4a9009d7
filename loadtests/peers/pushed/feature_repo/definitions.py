"""Plain feature views fed by one push source."""

from __future__ import annotations

import json
import os
from datetime import timedelta

from feast import Entity, FeatureView, Field, FileSource, PushSource
from feast.types import Float64
from feast.value_type import ValueType

VIEWS_VARIABLE = "PUSHED_VIEWS"
"""JSON: view to its feature names. Columns of pushed rows are `view__feature`, each name being one view's own."""
PUSH_SOURCE = "rows_push"

columns: dict[str, list[str]] = json.loads(os.environ[VIEWS_VARIABLE])
user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.STRING)
rows = FileSource(name="rows", path="rows.parquet", timestamp_field="event_timestamp")
pushed = PushSource(name=PUSH_SOURCE, batch_source=rows)
views = [
    FeatureView(
        name=view,
        entities=[user],
        ttl=timedelta(days=365),
        schema=[Field(name=f"{view}__{name}", dtype=Float64) for name in names],
        source=pushed,
        online=True,
    )
    for view, names in columns.items()
]
