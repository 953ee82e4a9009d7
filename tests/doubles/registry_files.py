"""Registry files for tests, written with the messages serving reads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from strata.features.builder import count, days, fields, hours, total
from strata.registry.v1 import feast_registry_pb2 as pb

STRING, INT64, DOUBLE, TIMESTAMP = 2, 4, 5, 8
TYPES = {"string": STRING, "int64": INT64, "float64": DOUBLE}
SPEND = fields([count("visits_7d", window=days(7)), total("spent_7d", of="value", window=days(7))], hop=hours(1))


def windowed_message(name: str = "spend", triples: Any = SPEND, source: str = "events_history") -> pb.FeatureView:
    """A windowed view as Feast would write it."""
    features = [pb.Feature(name=field, value_type=TYPES[dtype], tags=tags) for field, dtype, tags in triples]
    tags = {"strata.kind": "windowed", "strata.source": source}
    return pb.FeatureView(spec=pb.FeatureViewSpec(name=name, features=features, tags=tags))


def row_message(name: str = "profile", ttl_s: int = 0) -> pb.FeatureView:
    """A row view with one string."""
    tags = {"strata.categories": json.dumps(["0", "1"])}
    spec = pb.FeatureViewSpec(name=name, tags={"strata.kind": "row"})
    spec.features.append(pb.Feature(name="kids", value_type=STRING, tags=tags))
    spec.ttl.seconds = ttl_s
    return pb.FeatureView(spec=spec)


def service_message(name: str, *refs: str, alias: str = "", defaults: str | None = None) -> pb.FeatureService:
    """A service over `view:feature` refs, one projection per run of a view."""
    spec = pb.FeatureServiceSpec(name=name, tags={} if defaults is None else {"strata.defaults": defaults})
    for ref in refs:
        view, feature = ref.split(":")
        if not spec.features or spec.features[-1].feature_view_name != view:
            spec.features.append(pb.FeatureViewProjection(feature_view_name=view, feature_view_name_alias=alias))
        spec.features[-1].feature_columns.append(pb.Feature(name=feature))
    return pb.FeatureService(spec=spec)


def write_registry(path: Path, *messages: Any, version: str = "v") -> Path:
    """A registry file of views and services."""
    registry = pb.Registry(version_id=version)
    for message in messages:
        kind = {
            pb.FeatureView: registry.feature_views,
            pb.OnDemandFeatureView: registry.on_demand_feature_views,
            pb.FeatureService: registry.feature_services,
        }[type(message)]
        kind.append(message)
    path.write_bytes(registry.SerializeToString())
    return path
