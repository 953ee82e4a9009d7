"""Bring Feast's registry up to the definitions; do nothing when it already is."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from feature_repo.load_definitions import load_definitions
from feature_repo.store import open_store
from strata.errors import DefinitionInvalid, StrataError
from strata.registry import read_catalog
from strata.settings import Settings

if TYPE_CHECKING:
    from feast import FeatureStore


@dataclass(frozen=True)
class Changes:
    """What an apply did; names as `kind name`."""

    added: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int
    refused: dict[str, str]
    """Services and views that no segmenter can read, with the reason."""

    def __bool__(self) -> bool:
        return bool(self.added or self.changed or self.removed)


def apply_definitions(settings: Settings) -> Changes:
    """Register the definitions of `settings.repo`; the registry file is not touched when nothing differs.

    What is no longer defined is removed, and its online rows with it. Raises DefinitionInvalid, before anything is
    written, for a definition that cannot work and for a registry file that is not one.
    """
    defined = {_label(value): value for value in load_definitions(settings.repo)}
    if settings.registry.exists():
        read_catalog(settings.registry)
    settings.home.mkdir(parents=True, exist_ok=True)
    store = open_store(settings)
    held = {_label(value): value for value in _registered(store)} if settings.registry.exists() else {}
    added = tuple(label for label in defined if label not in held)
    changed = tuple(label for label, value in defined.items() if label in held and not _equal(value, held[label]))
    removed = tuple(label for label in held if label not in defined)
    if added or changed or removed:
        _apply(store, list(defined.values()), [held[label] for label in removed])
    catalog = read_catalog(settings.registry)
    refused = {name: why for name, why in catalog.refused.items() if name in {f.name for f in _services(defined)}}
    return Changes(added, changed, removed, len(defined) - len(added) - len(changed), refused)


def _apply(store: FeatureStore, objects: list[Any], gone: list[Any]) -> None:
    try:
        store.apply(objects, objects_to_delete=gone, partial=False)
    except StrataError:
        raise
    except Exception as error:  # Feast checks with a dozen unrelated classes; all are the definitions' fault here
        raise DefinitionInvalid(f"Feast refuses the definitions: {error}") from error


def _registered(store: FeatureStore) -> Iterable[Any]:
    yield from store.list_entities()
    yield from store.list_data_sources()
    yield from store.list_feature_views()
    yield from store.list_on_demand_feature_views()
    yield from store.list_feature_services()


def _services(defined: dict[str, Any]) -> list[Any]:
    return [value for label, value in defined.items() if label.startswith("feature service ")]


def _label(value: Any) -> str:
    from feast import Entity, FeatureService
    from feast.data_source import DataSource

    kinds = {Entity: "entity", DataSource: "source", FeatureService: "feature service"}
    kind = next((name for cls, name in kinds.items() if isinstance(value, cls)), "view")
    return f"{kind} {value.name}"


def _equal(defined: Any, held: Any) -> bool:
    """Feast's own `==`, and the order of a service's features, which Feast leaves out and a model lives by."""
    return bool(defined == held) and _order(defined) == _order(held)


def _order(value: Any) -> list[tuple[str, list[str]]]:
    projections = getattr(value, "feature_view_projections", ())
    return [(projection.name, [feature.name for feature in projection.features]) for projection in projections]
