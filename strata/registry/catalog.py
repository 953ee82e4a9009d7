"""What the registry defines, as the kernel's own types."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from strata.errors import DefinitionInvalid
from strata.features.layout import Layout, compile_layout, table_name
from strata.features.spec import ViewSpec


@dataclass(frozen=True)
class CatalogView:
    """One feature view: the kernel's spec, and what only the registry knows."""

    spec: ViewSpec
    ttl_us: int
    """How long a row stays true after its event time, both ends included; 0 is for ever. Row views only."""
    source: str
    """The event source a windowed view is computed from; empty for row views."""

    @property
    def name(self) -> str:
        return self.spec.name

    @property
    def kind(self) -> str:
        """`windowed` or `row`."""
        return self.spec.kind

    @property
    def fingerprint(self) -> str:
        """What rows and packages carry; changes with any field, tag or order."""
        return self.spec.fingerprint


@dataclass(frozen=True)
class ServiceSpec:
    """One feature service: the named, ordered features a segmenter reads."""

    name: str
    features: tuple[tuple[str, str], ...]
    """Ordered (view, feature) pairs."""
    defaults: Mapping[str, float] = field(default_factory=dict)
    """`view:feature` -> the number that stands in for a missing value, in training and online alike."""

    @property
    def keys(self) -> tuple[str, ...]:
        """`view:feature` in order."""
        return tuple(f"{view}:{name}" for view, name in self.features)

    @property
    def views(self) -> tuple[str, ...]:
        """The views read, each once, in order of first use."""
        return tuple(dict.fromkeys(view for view, _ in self.features))


@dataclass(frozen=True)
class Catalog:
    """One state of the registry."""

    views: Mapping[str, CatalogView]
    services: Mapping[str, ServiceSpec]
    refused: Mapping[str, str]
    """Services and views that cannot be served -> why, in a sentence."""
    version: str
    """16 hex digits over what every view and service means; equal exactly while that stays the same."""

    def service(self, name: str) -> ServiceSpec:
        """The service of that name. Raises DefinitionInvalid, with the reason when it was refused."""
        if name in self.services:
            return self.services[name]
        if name in self.refused:
            raise DefinitionInvalid(f"feature service {name} cannot be served: {self.refused[name]}")
        raise DefinitionInvalid(
            f"no feature service is named {name!r}; the registry holds {', '.join(self.services) or 'none'}"
        )

    def tables(self) -> dict[str, Layout]:
        """The state's tables of windowed views, by name, with the layout the definitions ask for."""
        views: dict[str, list[ViewSpec]] = {}
        for view in sorted(self.views.values(), key=lambda view: view.name):
            if view.kind == "windowed":
                views.setdefault(self.table_of(view.name), []).append(view.spec)
        return {table: compile_layout(table, specs) for table, specs in views.items()}

    def table_of(self, view: str) -> str:
        """The state's table a view's rows are in. Raises KeyError for a view that is not there."""
        found = self.views[view]
        return table_name(found.source, found.spec.hop_us) if found.kind == "windowed" else view

    def windowed_on(self, source: str) -> tuple[CatalogView, ...]:
        """The windowed views computed from one event source, by name."""
        chosen = (view for view in self.views.values() if view.kind == "windowed" and view.source == source)
        return tuple(sorted(chosen, key=lambda view: view.name))


NOTHING: Final = Catalog({}, {}, {}, "")
"""What a registry without definitions defines."""
