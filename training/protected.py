"""Attributes that fairness is measured over, as groups of rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final

import numpy as np
from numpy.typing import NDArray

from strata.errors import DefinitionInvalid
from strata.runtime import FeatureInput
from training.rows import FeatureSchema, Floats

MISSING: Final = "missing"
_MOST_VALUES: Final = 10
"""A number with more distinct values than this is cut at its quartiles."""


def check_protected(names: Sequence[str], schema: FeatureSchema) -> None:
    """Raise DefinitionInvalid for an attribute the service does not have."""
    if unknown := sorted(set(names) - set(schema.keys)):
        raise DefinitionInvalid(f"judge.protected names what {schema.service} does not have: {', '.join(unknown)}")


def protected_groups(names: Sequence[str], schema: FeatureSchema, values: Floats) -> Mapping[str, NDArray[np.str_]]:
    """Attribute -> [n] the group of each row of [n, f]; all rows together, so that a group is the same everywhere."""
    return {name: _groups(schema.features[at := schema.keys.index(name)], values[:, at]) for name in names}


def _groups(feature: FeatureInput, column: Floats) -> NDArray[np.str_]:
    present = column[~np.isnan(column)]
    distinct = np.unique(present)
    if feature.categories:
        told = np.array([*feature.categories, MISSING])
        return told[np.nan_to_num(column, nan=len(feature.categories)).astype(np.intp)]
    if len(distinct) <= _MOST_VALUES:
        told = np.array([*(f"{each:g}" for each in distinct), MISSING])
        place = np.searchsorted(distinct, column)
    else:
        cuts = np.unique(np.quantile(present, [0.25, 0.5, 0.75]))
        edges = [f"{each:g}" for each in cuts]
        between = (f"over {low} to {high}" for low, high in pairwise(edges))
        told = np.array([f"to {edges[0]}", *between, f"over {edges[-1]}", MISSING])
        place = np.searchsorted(cuts, column)
    return told[np.where(np.isnan(column), len(told) - 1, place)]
