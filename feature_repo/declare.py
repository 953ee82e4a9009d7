"""Write a Feast view whose field tags carry the whole definition.

Feast's registry is then the one truth: `feast apply`, versions, UI and lineage work, and serving reads the same
definition without Feast. Everything is checked when the view is built, before a registry sees it.

Not used: `StreamFeatureView` with `Aggregation`. It makes a new version on every apply, loses the order of its
features, and has no event filter (docs/features.md says more).
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from feast import Entity, FeatureView, Field, FileSource, PushSource
from feast.data_source import DataSource
from feast.types import Bool, Float64, Int64, String

from feature_repo.meaning import meaning
from strata.errors import DefinitionInvalid
from strata.features import builder
from strata.features.definition import definition_of
from strata.features.spec import view_spec
from strata.registry.read import EVENTS_KIND, KIND_TAG, SOURCE_TAG

_FEAST_TYPES: Final = {"int64": Int64, "float64": Float64, "string": String, "bool": Bool}
_EVENT_COLUMNS: Final = {
    "event_id": String,
    "event_type": String,
    "utc_offset_s": Int64,
    "session_id": String,
    "item_id": String,
    "category": String,
    "value": Int64,
    "quantity": Int64,
    "discount": Int64,
}


@dataclass(frozen=True)
class Fact:
    """One field of a row view. A string needs its `categories`, in order: it travels as the index."""

    name: str
    dtype: str = "string"
    categories: Sequence[str] = ()
    description: str = ""

    @property
    def tags(self) -> dict[str, str]:
        return {"strata.categories": json.dumps(list(self.categories))} if self.dtype == "string" else {}


def windowed(
    name: str,
    *,
    entity: Entity,
    source: FileSource | PushSource,
    features: Iterable[builder.Feature],
    hop: int = builder.hours(1),
    description: str = "",
) -> FeatureView:
    """Aggregates of a source's events, evaluated at the moment of asking. Raises DefinitionInvalid."""
    history = _history(name, source)
    triples = builder.fields(features, hop=hop)
    view_spec(name, "windowed", triples)
    schema = [
        Field(name=field, dtype=_FEAST_TYPES[dtype], tags=tags, description=meaning(definition_of(tags)))
        for field, dtype, tags in triples
    ]
    tags = {KIND_TAG: "windowed", SOURCE_TAG: history.name}
    return _view(name, entity, history, schema, tags=tags, description=description)


def row_view(
    name: str,
    *,
    entity: Entity,
    source: FileSource | PushSource,
    facts: Iterable[Fact],
    ttl: timedelta = timedelta(0),
    description: str = "",
) -> FeatureView:
    """Facts as written: the newest one, true for `ttl` after its event time (0: for ever). Raises DefinitionInvalid."""
    _history(name, source)
    known = list(facts)
    view_spec(name, "row", [(fact.name, fact.dtype, fact.tags) for fact in known])
    schema = [
        Field(name=fact.name, dtype=_FEAST_TYPES[fact.dtype], tags=fact.tags, description=fact.description)
        for fact in known
    ]
    return _view(name, entity, source, schema, tags={KIND_TAG: "row"}, description=description, ttl=ttl)


def event_view(name: str, *, entity: Entity, source: PushSource, description: str = "") -> FeatureView:
    """The door for raw events: what is pushed to `source` is folded into every windowed view of its history.

    There is nothing to read or materialise here (`online=False`); read the windowed views.
    """
    _history(name, source)
    schema = [Field(name=column, dtype=dtype) for column, dtype in _EVENT_COLUMNS.items()]
    view = _view(name, entity, source, schema, tags={KIND_TAG: EVENTS_KIND}, description=description)
    view.online = False
    return view


def _view(
    name: str,
    entity: Entity,
    source: DataSource,
    schema: list[Field],
    *,
    tags: dict[str, str],
    description: str,
    ttl: timedelta = timedelta(0),
) -> FeatureView:
    if ttl < timedelta(0):
        raise DefinitionInvalid(f"view {name}: a ttl is not negative; 0 means for ever")
    # With the key in the schema Feast need not open a history file to learn its type, so an apply needs no data.
    key = Field(name=entity.join_key, dtype=String)
    return FeatureView(
        name=name, entities=[entity], source=source, schema=[key, *schema], ttl=ttl, tags=tags, description=description
    )


def _history(name: str, source: DataSource) -> DataSource:
    """The source's history, checked to say when things happened and when they were known."""
    history = source.batch_source if isinstance(source, PushSource) else source
    if history is None or not history.timestamp_field or not history.created_timestamp_column:
        raise DefinitionInvalid(
            f"view {name}: the history of its source {source.name} should name timestamp_field and "
            "created_timestamp_column; without the second, training would see what was not yet known"
        )
    return history
