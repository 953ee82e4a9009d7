"""The catalog as a document: services, views, features with their meaning."""

from __future__ import annotations

from typing import Any

from feature_repo.meaning import duration, meaning
from strata.features.spec import FieldSpec
from strata.registry import Catalog, CatalogView


def list_catalog(catalog: Catalog) -> dict[str, Any]:
    """`version`, `services` (name -> ordered `view:feature`), `views` (with features), `refused` (name -> reason)."""
    return {
        "version": catalog.version,
        "services": {name: list(service.keys) for name, service in sorted(catalog.services.items())},
        "views": [_view(view) for _, view in sorted(catalog.views.items())],
        "refused": dict(catalog.refused),
    }


def _view(view: CatalogView) -> dict[str, Any]:
    return {
        "name": view.name,
        "kind": view.kind,
        "fingerprint": view.fingerprint,
        "ttl": duration(view.ttl_us) if view.ttl_us else None,
        "features": [
            {"name": field.name, "dtype": field.dtype, "meaning": _meaning(view, field)} for field in view.spec.fields
        ],
    }


def _meaning(view: CatalogView, field: FieldSpec) -> str:
    if view.kind == "windowed":
        return meaning(field.definition)
    return f"the newest fact: one of {', '.join(field.categories)}" if field.categories else "the newest fact"
