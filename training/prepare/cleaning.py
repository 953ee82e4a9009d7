"""Rows as they came -> rows to learn from: repeated ones, values that cannot be, rows with gaps. All of it counted."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from strata.errors import InputInvalid
from training.algorithms.port import Labels
from training.definition import Preparation
from training.rows import FeatureSchema, Floats

GREATEST: Final = sys.float_info.max
"""A number within these is finite: a `range` step of them makes an infinite value a missing one."""

_BLOCK: Final = 4096
"""Rows at a time: they stay in the processor's cache."""


@dataclass(frozen=True)
class Limits:
    """What one feature may be, ends included."""

    low: float
    high: float
    statement: str


@dataclass(frozen=True)
class Inconsistent:
    """Values of one feature that were outside what it may be, and now count as missing."""

    feature: str
    rows: int
    allowed: str


@dataclass(frozen=True)
class Cleaning:
    """What was met, for the report."""

    duplicates: int
    """Rows equal to an earlier one in every feature and the label."""
    dropped: bool
    """Whether they were."""
    excluded: int
    """Rows not learned from, because a value is missing."""
    inconsistent: tuple[Inconsistent, ...]

    def to_json(self) -> dict[str, Any]:
        """Its part of `details["preparation"]`."""
        return {
            "duplicates": self.duplicates,
            "duplicates_dropped": self.dropped,
            "excluded": self.excluded,
            "inconsistent": [vars(each) for each in self.inconsistent],
        }


@dataclass(frozen=True)
class Cleaned:
    """Rows to learn from."""

    values: Floats
    """[m, f], an inconsistent value NaN."""
    kept: NDArray[np.intp]
    """[m]: which of the rows they are, ascending."""
    missing: Floats
    """[f]: share of rows without a value, before any was excluded."""
    guarded: dict[int, Limits]
    """By feature: declared limits, and those a value of these rows was outside of. A package has to hold them too."""
    cleaning: Cleaning


def clean(preparation: Preparation, schema: FeatureSchema, values: Floats, labels: Labels | None) -> Cleaned:
    """Raises InputInvalid when no row is left. Never changes `values`."""
    values, found, guarded = _consistent(preparation, schema, values)
    repeated = repeats(values, labels)
    kept = np.arange(len(values))
    if preparation.duplicates == "drop":
        kept, values = kept[~repeated], values[~repeated]
    gaps = np.isnan(values)
    excluding = preparation.missing == "exclude"
    read = [excluding and key not in preparation.leave_out for key in schema.keys]
    excluded = gaps[:, read].any(axis=1)
    kept, values = kept[~excluded], values[~excluded]
    if not len(values):
        raise InputInvalid(
            f"no row is left to learn from: {int(excluded.sum())} of them lack a value and `missing: exclude` is "
            "declared; declare median or model, or leave out the features that are seldom known"
        )
    dropped = preparation.duplicates == "drop"
    cleaning = Cleaning(int(repeated.sum()), dropped, int(excluded.sum()), tuple(found))
    return Cleaned(values, kept, gaps.mean(axis=0), guarded, cleaning)


def allowed(preparation: Preparation, schema: FeatureSchema) -> list[Limits]:
    """Per feature: the declared range, a position in its categories, or any finite number."""
    return [
        Limits(0.0, len(feature.categories) - 1.0, "a category of the vocabulary")
        if feature.dtype == "string"
        else _declared(*preparation.ranges.get(feature.key, (None, None)))
        for feature in schema.features
    ]


def repeats(values: Floats, labels: Labels | None) -> NDArray[np.bool_]:
    """[n]: whether a row equals an earlier one in every feature, missing ones too, and in its label.

    >>> repeats(np.array([[1.0, np.nan], [1.0, np.nan], [0.0, 1.0]]), np.array([0, 0, 1], dtype=np.int8)).tolist()
    [False, True, False]
    """
    told = np.zeros(len(values), dtype=np.int8) if labels is None else labels
    found = np.zeros(len(values), dtype=bool)
    _, group, size = np.unique(_digests(values, told), return_inverse=True, return_counts=True)
    suspects = np.flatnonzero(size[group] > 1)
    if suspects.size:
        bits = np.column_stack([_bits(values[suspects]), told[suspects].astype(np.uint64)])
        _, first = np.unique(bits, axis=0, return_index=True)
        found[suspects] = True
        found[suspects[first]] = False
    return found


def _bits(values: Floats) -> NDArray[np.uint64]:
    """One bit pattern per value: a zero has two, a missing value many."""
    return np.where(np.isnan(values), np.nan, values + 0.0).view(np.uint64)


def _digests(values: Floats, labels: Labels) -> NDArray[np.uint64]:
    """[n] one number a row: comparing these first sorts 8 bytes a row instead of all of it."""
    rng = np.random.default_rng(0)
    factors = 2 * rng.integers(2**62, size=values.shape[1], dtype=np.uint64) + np.uint64(1)
    found = labels.astype(np.uint64)
    for start in range(0, len(values), _BLOCK):
        mixed = _bits(values[start : start + _BLOCK]) * factors
        found[start : start + _BLOCK] += (mixed ^ (mixed >> np.uint64(29))).sum(axis=1, dtype=np.uint64)
    return found


def _consistent(
    preparation: Preparation, schema: FeatureSchema, values: Floats
) -> tuple[Floats, list[Inconsistent], dict[int, Limits]]:
    limits = allowed(preparation, schema)
    wrong = (values < [each.low for each in limits]) | (values > [each.high for each in limits])
    rows = wrong.sum(axis=0).tolist()
    guarded = {
        i: each for i, (key, each) in enumerate(zip(schema.keys, limits, strict=True))
        if key in preparation.ranges or rows[i]
    }  # fmt: skip
    found = [Inconsistent(schema.keys[i], rows[i], each.statement) for i, each in guarded.items() if rows[i]]
    return (np.where(wrong, np.nan, values) if found else values), found, guarded


def _declared(low: float | None, high: float | None) -> Limits:
    said: Sequence[str] = [
        *([] if low is None else [f"at least {low:g}"]),
        *([] if high is None else [f"at most {high:g}"]),
    ]
    return Limits(
        -GREATEST if low is None else low, GREATEST if high is None else high, ", ".join(said) or "a finite number"
    )
