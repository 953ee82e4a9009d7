"""The messages serving reads the registry with, held to a registry that Feast wrote."""

from __future__ import annotations

from pathlib import Path

import pytest
from feast_world import World, make_world

from strata.registry import read_catalog
from strata.registry.v1 import feast_registry_pb2 as ours

pytestmark = pytest.mark.integration


@pytest.fixture
def applied(tmp_path: Path) -> World:
    from feature_repo.apply import apply_definitions

    world = make_world(tmp_path, count=10)
    apply_definitions(world.settings)
    return world


def test_the_catalog_says_what_feast_says(applied: World) -> None:
    """Views, field order, types, tags, ttl and services are those of Feast's own objects."""
    store, catalog = applied.open(), read_catalog(applied.settings.registry)
    views = {view.name: view for view in store.list_feature_views()}
    assert set(catalog.views) == set(views) - {"events"}
    dtypes = {"Int64": "int64", "Float64": "float64", "String": "string"}
    for name, view in catalog.views.items():
        theirs = [(field.name, dtypes[str(field.dtype)], field.tags) for field in views[name].features]
        assert [(field.name, field.dtype, dict(field.tags)) for field in view.spec.fields] == theirs
        assert view.ttl_us == views[name].ttl.total_seconds() * 1_000_000
        if view.kind == "windowed":
            assert view.source == views[name].batch_source.name
    services = {service.name: service for service in store.list_feature_services()}
    assert set(catalog.services) == set(services)
    for name, service in catalog.services.items():
        projections = services[name].feature_view_projections
        assert service.features == tuple((p.name, f.name) for p in projections for f in p.features)


# Feast warns so on every apply that holds an on-demand view.
@pytest.mark.filterwarnings("ignore:On demand feature view is an experimental feature:RuntimeWarning")
def test_services_with_pickled_functions_are_refused(applied: World) -> None:
    """An on-demand view is read far enough to say why its service cannot be served."""
    from feast import FeatureService, Field
    from feast.on_demand_feature_view import on_demand_feature_view
    from feast.types import Float64

    store = applied.open()
    rfm = store.get_feature_view("rfm")

    @on_demand_feature_view(sources=[rfm], schema=[Field(name="each", dtype=Float64)], mode="python")
    def ratio(inputs: dict) -> dict:
        return {"each": inputs["monetary_30d"]}

    store.apply([ratio, FeatureService(name="with_ratio", features=[rfm, ratio])])
    catalog = read_catalog(applied.settings.registry)
    assert "pickled function" in catalog.refused["with_ratio"]
    assert "value_tiers" in catalog.services


@pytest.mark.parametrize(
    ("message", "theirs"),
    [
        ("Registry", "Registry_pb2:Registry"),
        ("FeatureView", "FeatureView_pb2:FeatureView"),
        ("FeatureViewSpec", "FeatureView_pb2:FeatureViewSpec"),
        ("Feature", "Feature_pb2:FeatureSpecV2"),
        ("OnDemandFeatureView", "OnDemandFeatureView_pb2:OnDemandFeatureView"),
        ("OnDemandFeatureViewSpec", "OnDemandFeatureView_pb2:OnDemandFeatureViewSpec"),
        ("FeatureService", "FeatureService_pb2:FeatureService"),
        ("FeatureServiceSpec", "FeatureService_pb2:FeatureServiceSpec"),
        ("FeatureViewProjection", "FeatureViewProjection_pb2:FeatureViewProjection"),
    ],
)
def test_every_field_has_feasts_number_and_kind(message: str, theirs: str) -> None:
    """Same name, number and cardinality; enums are read as their numbers."""
    import importlib

    from feature_repo.feast_import import import_feast

    import_feast()
    module, name = theirs.split(":")
    feasts = getattr(importlib.import_module(f"feast.protos.feast.core.{module}"), name).DESCRIPTOR
    for field in getattr(ours, message).DESCRIPTOR.fields:
        other = feasts.fields_by_number[field.number]
        assert (field.name, field.is_repeated) == (other.name, other.is_repeated)
        kinds = {field.type, other.type}
        assert len(kinds) == 1 or kinds == {field.TYPE_INT32, field.TYPE_ENUM}
