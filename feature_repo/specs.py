"""Feast's view objects as the kernel's plans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from strata.errors import DefinitionInvalid
from strata.features.layout import table_name
from strata.features.plan import Plan, compile_view
from strata.features.spec import view_spec
from strata.registry.read import EVENTS_KIND, KIND_TAG, SOURCE_TAG

if TYPE_CHECKING:
    from feast import FeatureView

_DTYPES: Final = {"Int32": "int64", "Int64": "int64", "Float32": "float64", "Float64": "float64"} | {
    "String": "string",
    "Bool": "bool",
}


def kind_of(view: FeatureView) -> str:
    """`windowed`, `row` or `events`. Raises DefinitionInvalid for a view declared some other way."""
    kind = view.tags.get(KIND_TAG, "")
    if kind not in {"windowed", "row", EVENTS_KIND}:
        raise DefinitionInvalid(
            f"view {view.name} has no {KIND_TAG} tag; declare it with windowed, row_view or event_view "
            "of feature_repo.declare"
        )
    return str(kind)


def plan_of(view: FeatureView) -> Plan:
    """The compiled view. Raises DefinitionInvalid, naming the view and the feature."""
    kind = kind_of(view)
    if kind == EVENTS_KIND:
        raise DefinitionInvalid(f"view {view.name} takes events in and has nothing to read: ask for the windowed views")
    fields = [(field.name, _dtype(view.name, field.name, str(field.dtype)), field.tags) for field in view.features]
    ttl_us = round(view.ttl.total_seconds() * 1_000_000) if view.ttl else None
    return compile_view(view_spec(view.name, kind, fields), ttl_us if kind == "row" else None)


def table_of(view: FeatureView) -> str:
    """The state's table that a view's rows are in."""
    plan = plan_of(view)
    return table_name(str(view.tags[SOURCE_TAG]), plan.hop_us) if plan.spec.kind == "windowed" else view.name


def name_of(view: FeatureView) -> str:
    """The name a view goes by in one request: its alias, or its own."""
    return view.projection.name_alias or view.projection.name


def _dtype(view: str, feature: str, name: str) -> str:
    try:
        return _DTYPES[name]
    except KeyError:
        raise DefinitionInvalid(
            f"{view}:{feature} has Feast's type {name}; use Int64, Float64, String or Bool"
        ) from None
