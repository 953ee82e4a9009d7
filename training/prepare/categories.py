"""A category's prepared columns: its position as it is, or a row of a table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from strata.runtime.prepare import Fill, Scale, Table
from training.prepare.encodings import Encoding, hashed, one_hot, target, target_out_of_fold
from training.prepare.fills import commonest_fill
from training.prepare.learning import Column, Learning
from training.prepare.quantities import indicator, scaled
from training.rows import Floats

_ITS_OWN = "a value of its own in the encoding"


def category_columns(learning: Learning, i: int) -> tuple[list[Column], str]:
    """Of raw feature i; and how its missing values are met."""
    encoded = learning.preparation.categories != "index"  # a table has a row for any number
    source = learning.guarded(i, finite=not encoded and learning.preparation.missing != "as_is")
    ways = {"index": _positions, "onehot": _one_hot, "target": _target, "hashed": _hashed}
    columns, how = ways[learning.preparation.categories](learning, i, source)
    return [*columns, *indicator(learning, i, source)], how


def _positions(learning: Learning, i: int, source: int) -> tuple[list[Column], str]:
    key, slot, how = learning.schema.keys[i], source, "left as it is"
    if learning.preparation.missing != "as_is":
        value = commonest_fill(learning.built.columns[source])
        slot, how = learning.built.add(Fill(source, value)), "the commonest category"
    if learning.weight(i) != 1.0:
        slot = learning.built.add(Scale(slot, 0.0, learning.weight(i)))
    return [Column(slot, key, nominal=key)], how


def _one_hot(learning: Learning, i: int, source: int) -> tuple[list[Column], str]:
    feature = learning.schema.features[i]
    column = learning.built.columns[source]
    seen = np.unique(column[~np.isnan(column)]).astype(int).tolist()
    if not seen:
        return [], _ITS_OWN
    first = _add_table(learning, source, one_hot(len(feature.categories), seen), learning.weight(i))
    names = [f"{feature.key}={feature.categories[each]}" for each in seen]
    return [Column(first + place, name, nominal=feature.key) for place, name in enumerate(names)], _ITS_OWN


def _hashed(learning: Learning, i: int, source: int) -> tuple[list[Column], str]:
    """Where there are more categories than buckets, first the bucket, then a column for each: two small tables."""
    feature, buckets = learning.schema.features[i], learning.preparation.buckets
    places = hashed(feature.categories, buckets)
    used = np.unique(places)
    rows = one_hot(buckets, used.tolist()).rows
    nowhere = np.zeros(used.size)
    if len(feature.categories) > buckets:
        none = np.full(1, float(buckets))
        source = _add_table(learning, source, Encoding(places[:, None].astype(np.float64), none, none), 1.0)
    else:
        rows = rows[places]
    first = _add_table(learning, source, Encoding(rows, nowhere, nowhere), learning.weight(i))
    names = [f"{feature.key}#{bucket}" for bucket in used]
    return [Column(first + place, name, nominal=feature.key) for place, name in enumerate(names)], _ITS_OWN


def _target(learning: Learning, i: int, source: int) -> tuple[list[Column], str]:
    feature, column = learning.schema.features[i], learning.built.columns[source]
    labels = learning.known_labels(f"{feature.key}'s target encoding")
    count, classes = len(feature.categories), learning.classes
    outside = target_out_of_fold(column, labels, count, classes, learning.folds)
    first = _add_table(learning, source, target(column, labels, count, classes), 1.0, list(outside.T))
    names = [feature.key] if classes == 2 else [f"{feature.key}, share of class {each}" for each in range(classes)]
    slots = [scaled(learning, first + place, learning.weight(i)) for place in range(len(names))]
    return [Column(slot, name) for slot, name in zip(slots, names, strict=True)], _ITS_OWN


def _add_table(
    learning: Learning, source: int, found: Encoding, weight: float, instead: Sequence[Floats] | None = None
) -> int:
    table = Table(source, found.rows * weight, found.missing * weight, found.other * weight)
    return learning.built.add(table, instead)
