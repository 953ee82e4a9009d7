"""What a definition says about features of its service, checked before any of them is read."""

from __future__ import annotations

from collections.abc import Iterator
from difflib import get_close_matches
from typing import Final

import numpy as np

from strata.errors import DefinitionInvalid
from strata.runtime.prepare import MOST_SLOTS
from training.definition import Definition, Derived, Engagement, Propensity, RfmScores
from training.prepare.settled import MOST_ONE_HOT, Settled, settled_for
from training.rows import FeatureSchema
from training.sections import ClusterSection

_BESIDE: Final = 6
"""Slots of a feature beside its category's columns: itself, guarded, filled, scaled, told missing, its bucket."""


def check_names(definition: Definition, schema: FeatureSchema) -> None:
    """Raise DefinitionInvalid with a sentence for each thing the service's features do not carry."""
    faults = [*_unknown(definition, schema)] or [*_unfit(definition, schema)]
    if faults:
        raise DefinitionInvalid(f"{definition.name}: {'; '.join(faults)}")


def sources(derived: Derived) -> tuple[str, ...]:
    """The features a derived one is made of."""
    if isinstance(derived, RfmScores):
        return derived.recency, derived.frequency, derived.monetary
    return tuple(derived.weights) if isinstance(derived, Engagement) else derived.features


def _unknown(definition: Definition, schema: FeatureSchema) -> Iterator[str]:
    for where, key in _named(definition):
        if key not in schema.keys:
            near = get_close_matches(key, schema.keys, n=1)
            hint = f"did you mean {near[0]}?" if near else f"it has {', '.join(schema.keys)}"
            yield f"{where} names {key}, which the service {schema.service} does not have ({hint})"


def _named(definition: Definition) -> Iterator[tuple[str, str]]:
    prepare, section = definition.prepare, definition.algorithm
    yield from (("prepare.ranges", key) for key in prepare.ranges)
    yield from (("prepare.weights", key) for key in prepare.weights)
    yield from (("prepare.leave_out", key) for key in prepare.leave_out)
    yield from ((f"prepare.derive ({each.kind})", key) for each in prepare.derive for key in sources(each))
    yield from (("judge.protected", each.feature) for each in definition.judge.protected)
    if definition.baseline is not None:
        yield "baseline", definition.baseline.feature
    if isinstance(section, ClusterSection):
        yield from ((f"axes.{name}", key) for name, axis in section.axes.items() for key in axis.features)


def _unfit(definition: Definition, schema: FeatureSchema) -> Iterator[str]:
    prepare = definition.prepare
    categories = {feature.key for feature in schema.features if feature.dtype == "string"}
    for key, (low, high) in prepare.ranges.items():
        if key in categories:
            yield f"prepare.ranges: {key} is a category, its vocabulary is what it may be"
        elif low is not None and high is not None and low > high:
            yield f"prepare.ranges: {key} may be {low:g} at least and {high:g} at most, which nothing is"
    for key, weight in prepare.weights.items():
        if not (np.isfinite(weight) and weight > 0):
            yield f"prepare.weights: {key} has weight {weight:g}; above 0 is needed (leave_out takes a feature out)"
    for derived in prepare.derive:
        yield from _unfit_derived(derived, categories, definition)
    if not prepare.derive and set(schema.keys) <= set(prepare.leave_out):
        yield "prepare.leave_out leaves no feature to learn from"
    yield from _unfit_encoding(definition, schema)
    numbers = {feature.key for feature in schema.features if feature.dtype not in ("string", "bool")}
    for each in definition.judge.protected:
        if each.edges is not None and each.feature not in numbers:
            yield f"judge.protected: {each.feature} is no number, its values are its groups; it takes no edges"


def _unfit_derived(derived: Derived, categories: set[str], definition: Definition) -> Iterator[str]:
    if wrong := [key for key in sources(derived) if key in categories]:
        yield f"prepare.derive: {derived.kind} is made of numbers, and {', '.join(wrong)} is a category"
    if isinstance(derived, Propensity) and not definition.supervised:
        yield "prepare.derive: a propensity is learned from labels, which clusters do not have"
    if isinstance(derived, Propensity) and definition.label is not None and definition.label.classes:
        yield "prepare.derive: a propensity is of one event that happens or not, and the label has classes"
    if isinstance(derived, Engagement) and not any(derived.weights.values()):
        yield "prepare.derive: every weight of the engagement is 0"


def _unfit_encoding(definition: Definition, schema: FeatureSchema) -> Iterator[str]:
    settled = settled_for(definition, schema)
    prepare = settled.preparation
    if prepare.categories == "target" and not definition.supervised:
        yield "prepare.categories: target encoding is learned from labels, which clusters do not have; hashed is not"
    for feature in schema.features:
        count = len(feature.categories)
        if feature.key not in settled.encoded:
            continue
        if prepare.categories == "onehot" and count > MOST_ONE_HOT:
            others = "target or hashed" if definition.supervised else "hashed"
            yield (
                f"{feature.key} has {count:,} categories, and one-hot encoding makes a column of each ({MOST_ONE_HOT} "
                f"at most): declare prepare.categories: {others}, or leave it out"
            )
    yield from _too_many_columns(schema, settled)


def _too_many_columns(schema: FeatureSchema, settled: Settled) -> Iterator[str]:
    """Of all categories together, beside a few of every feature: a package that is read has a limit of slots."""
    widths = [len(feature.categories) for feature in schema.features if feature.key in settled.encoded]
    prepare = settled.preparation
    most = {"onehot": MOST_ONE_HOT, "hashed": prepare.buckets}.get(prepare.categories)
    columns = 0 if most is None else sum(min(width, most) for width in widths)
    if columns + _BESIDE * len(schema.features) > MOST_SLOTS:
        yield (
            f"prepare.categories: {prepare.categories} makes up to {columns:,} columns of {len(widths)} features, and "
            f"a package holds {MOST_SLOTS:,} with everything: take fewer buckets, or leave some out"
        )
