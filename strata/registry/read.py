"""Read Feast's registry file (0.67) with a few generated messages of ours."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from google.protobuf.message import DecodeError

from strata.errors import DefinitionInvalid
from strata.features.spec import view_spec
from strata.registry.catalog import Catalog, CatalogView, ServiceSpec
from strata.registry.v1 import feast_registry_pb2 as pb

KIND_TAG: Final = "strata.kind"
SOURCE_TAG: Final = "strata.source"
DEFAULTS_TAG: Final = "strata.defaults"
EVENTS_KIND: Final = "events"
"""A view that takes raw events in; there is nothing to read from it."""

# feast.types.ValueType.Enum -> the kernel's name. Feast's 32-bit kinds widen without loss.
_DTYPES: Final = {2: "string", 3: "int64", 4: "int64", 5: "float64", 6: "float64", 7: "bool"}


def read_catalog(path: Path) -> Catalog:
    """Read the registry as it is now; costs a parse, no `import feast`.

    A view or service that cannot be served is listed in `refused` and leaves the others alone. Raises
    DefinitionInvalid when there is no registry or the file is not one.
    """
    registry = _parse(path)
    views: dict[str, CatalogView] = {}
    refused: dict[str, str] = {}
    for message in registry.feature_views:
        spec = message.spec
        if spec.tags.get(KIND_TAG) == EVENTS_KIND:
            refused[spec.name] = "it takes events in; read the views computed from it"
            continue
        try:
            views[spec.name] = _view(spec)
        except DefinitionInvalid as error:
            refused[spec.name] = str(error)
    refused |= {
        message.spec.name: "it is an on-demand view, a pickled function that serving does not load"
        for message in registry.on_demand_feature_views
    }
    services: dict[str, ServiceSpec] = {}
    for service in registry.feature_services:
        try:
            services[service.spec.name] = _service(service.spec, views, refused)
        except DefinitionInvalid as error:
            refused[service.spec.name] = str(error)
    return Catalog(views, services, refused, _version(views, services))


def _version(views: dict[str, CatalogView], services: dict[str, ServiceSpec]) -> str:
    """A digest of the meaning. Feast's own version id changes with every materialisation, which means nothing here."""
    meaning = {
        "views": {view.name: [view.fingerprint, view.ttl_us, view.source] for view in views.values()},
        "services": {service.name: [service.features, dict(service.defaults)] for service in services.values()},
    }
    return hashlib.sha256(json.dumps(meaning, sort_keys=True).encode()).hexdigest()[:16]


def _parse(path: Path) -> pb.Registry:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        raise DefinitionInvalid(f"there is no feature registry at {path}; run: strata features apply") from None
    except OSError as error:
        raise DefinitionInvalid(f"the feature registry {path} cannot be read: {error.strerror}") from None
    try:
        registry = pb.Registry.FromString(content)
    except DecodeError:
        registry = pb.Registry()
    if not registry.version_id:
        raise DefinitionInvalid(
            f"{path} is not a whole Feast registry; delete it and run: strata features apply"
        ) from None
    return registry


def _view(spec: pb.FeatureViewSpec) -> CatalogView:
    kind = spec.tags.get(KIND_TAG)
    if kind not in {"windowed", "row"}:
        raise DefinitionInvalid(f"view {spec.name} has no {KIND_TAG} tag; declare it with feature_repo.declare")
    fields = [(feature.name, _dtype(spec.name, feature), dict(feature.tags)) for feature in spec.features]
    ttl_us = spec.ttl.seconds * 1_000_000 + spec.ttl.nanos // 1_000
    return CatalogView(view_spec(spec.name, kind, fields), ttl_us, spec.tags.get(SOURCE_TAG, ""))


def _dtype(view: str, feature: pb.Feature) -> str:
    try:
        return _DTYPES[feature.value_type]
    except KeyError:
        raise DefinitionInvalid(
            f"{view}:{feature.name} has Feast's value type {feature.value_type}; "
            "a segmenter reads strings, integers, floats and booleans"
        ) from None


def _service(spec: pb.FeatureServiceSpec, views: dict[str, CatalogView], refused: dict[str, str]) -> ServiceSpec:
    features = tuple(pair for projection in spec.features for pair in _pairs(projection, views, refused))
    if not features:
        raise DefinitionInvalid("it lists no features")
    if len(set(features)) < len(features):
        raise DefinitionInvalid("it lists a feature twice")
    return ServiceSpec(spec.name, features, _defaults(spec.tags.get(DEFAULTS_TAG, "{}"), features))


def _pairs(
    projection: pb.FeatureViewProjection, views: dict[str, CatalogView], refused: dict[str, str]
) -> Iterator[tuple[str, str]]:
    name = projection.feature_view_name
    if name not in views:
        raise DefinitionInvalid(f"it reads {name}: {refused.get(name, 'there is no such view')}")
    if projection.feature_view_name_alias not in {"", name}:
        raise DefinitionInvalid(f"it renames {name}; a segmenter reads a view under its own name")
    known = {field.name for field in views[name].spec.fields}
    for feature in projection.feature_columns:
        if feature.name not in known:
            raise DefinitionInvalid(f"it reads {name}:{feature.name}, which {name} does not have")
        yield name, feature.name


def _defaults(text: str, features: tuple[tuple[str, str], ...]) -> dict[str, float]:
    try:
        values = json.loads(text)
    except ValueError:
        raise DefinitionInvalid(f"its {DEFAULTS_TAG} tag is not JSON") from None
    if not isinstance(values, dict):
        raise DefinitionInvalid(f"its {DEFAULTS_TAG} tag is not an object of view:feature and number")
    keys = {f"{view}:{name}" for view, name in features}
    for key, value in values.items():
        if key not in keys:
            raise DefinitionInvalid(f"its defaults name {key}, which it does not list")
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise DefinitionInvalid(f"its default for {key} is not a number")
    return {key: float(value) for key, value in values.items()}
