"""Rare classes among the rows that are learned from: weighed more, joined by made-up rows, or frequent ones left out.

Only rows that are learned from, inside each fold: a made-up row lies between two real ones, so that resampling before
a split puts near copies of training rows among those that judge.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from strata.errors import InputInvalid
from training.algorithms.port import Labels
from training.rows import Floats

Way = Literal["none", "class_weights", "smote", "under"]
WAYS: Final[tuple[Way, ...]] = ("none", "class_weights", "smote", "under")
_NEIGHBOURS: Final = 5
"""Of a row, one of which a made-up row lies towards (Chawla et al. 2002)."""


@dataclass(frozen=True)
class Balanced:
    """What a model is fitted on."""

    values: Floats
    labels: Labels
    weights: Floats | None
    """[n]; None: all weigh the same."""


def balance(way: Way, values: Floats, labels: Labels, nominal: Sequence[Sequence[int]], seed: int) -> Balanced:
    """Prepared rows [n, d], classes as frequent as each other after it. Deterministic by seed.

    `nominal`: the columns that are one category together; a made-up row has the commonest of its neighbours' in them,
    never a mixture. Raises InputInvalid where rows cannot be made up: values are missing, or a class has one row.
    """
    if way == "smote":
        return _made_up(values, labels, nominal, seed)
    if way == "under":
        return _left_out(values, labels, seed)
    return Balanced(values, labels, class_weights(labels) if way == "class_weights" else None)


def class_weights(labels: Labels) -> Floats:
    """[n]: all classes weigh the same together, and a row of the most frequent one 1.

    >>> class_weights(np.array([0, 0, 0, 1], dtype=np.int8)).tolist()
    [1.0, 1.0, 1.0, 3.0]
    """
    counts = np.bincount(labels)
    weights: Floats = (counts.max() / np.maximum(counts, 1))[labels]
    return weights


def _left_out(values: Floats, labels: Labels, seed: int) -> Balanced:
    """As many rows of each class, at random and in their order, as the rarest one has."""
    from imblearn.under_sampling import RandomUnderSampler  # type: ignore[import-untyped]

    sampler = RandomUnderSampler(random_state=seed)
    sampler.fit_resample(np.zeros((len(labels), 1)), labels)
    kept = np.sort(sampler.sample_indices_)
    return Balanced(values[kept], labels[kept], None)


def _made_up(values: Floats, labels: Labels, nominal: Sequence[Sequence[int]], seed: int) -> Balanced:
    from imblearn.over_sampling import SMOTE, SMOTEN, SMOTENC  # type: ignore[import-untyped]

    rarest = int(np.bincount(labels)[np.unique(labels)].min())
    if rarest < 2:
        raise InputInvalid("SMOTE makes rows up between two of a class, and one class has one row; weigh it instead")
    if np.isnan(values).any():
        raise InputInvalid("SMOTE makes rows up between two, and some have missing values; declare prepare.missing")
    how = {"random_state": seed, "k_neighbors": min(_NEIGHBOURS, rarest - 1)}
    coded, distinct = _coded(values, nominal)
    quantities = coded.shape[1] - len(nominal)
    if not nominal:
        sampler = SMOTE(**how)
    elif not quantities:
        sampler = SMOTEN(**how)
    else:
        sampler = SMOTENC(list(range(quantities, coded.shape[1])), **how)
    rows, classes = sampler.fit_resample(coded, labels)
    return Balanced(_decoded(rows, values.shape[1], nominal, distinct), classes.astype(labels.dtype), None)


def _coded(values: Floats, nominal: Sequence[Sequence[int]]) -> tuple[Floats, list[Floats]]:
    """Quantities first, then one column for each category: which of its distinct rows a row has."""
    codes, distinct = [], []
    for group in nominal:
        found, code = np.unique(values[:, list(group)], axis=0, return_inverse=True)
        distinct.append(found)
        codes.append(code.reshape(-1).astype(np.float64))
    return np.column_stack([values[:, _quantities(values.shape[1], nominal)], *codes]), distinct


def _decoded(rows: Floats, width: int, nominal: Sequence[Sequence[int]], distinct: Sequence[Floats]) -> Floats:
    out = np.empty((len(rows), width))
    quantities = _quantities(width, nominal)
    out[:, quantities] = rows[:, : len(quantities)]
    for place, (group, found) in enumerate(zip(nominal, distinct, strict=True)):
        out[:, list(group)] = found[rows[:, len(quantities) + place].astype(np.intp)]
    return out


def _quantities(width: int, nominal: Sequence[Sequence[int]]) -> list[int]:
    taken = {column for group in nominal for column in group}
    return [column for column in range(width) if column not in taken]
