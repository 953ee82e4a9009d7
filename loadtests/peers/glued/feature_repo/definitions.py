"""Plain feature views over the columns of the schema; `feast apply` or the loader reads this file."""

from __future__ import annotations

import os
from datetime import timedelta

from feast import Entity, FeatureView, Field, FileSource
from feast.types import Float64
from feast.value_type import ValueType

from loadtests.peers.glued.schema import SCHEMA_VARIABLE, read_schema

schema = read_schema(os.environ[SCHEMA_VARIABLE])
user = Entity(name="user", join_keys=["user_id"], value_type=ValueType.STRING)
source = FileSource(name="rows", path=schema.rows, timestamp_field="event_timestamp")
views = [
    FeatureView(
        name=name,
        entities=[user],
        ttl=timedelta(days=365),
        schema=[Field(name=feature, dtype=Float64) for feature in features],
        source=source,
        online=True,
    )
    for name, features in schema.views.items()
]
