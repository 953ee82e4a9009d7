"""Rows of a plain table, for the same flow that learns from a feature service: benchmarks, and data without events."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.types as kinds
from numpy.typing import NDArray

from strata.errors import InputInvalid
from strata.runtime import DataWindow, FeatureInput
from training.gather import Gathered
from training.rows import FeatureSchema, Floats, Part, TrainingRows

VALIDATION_SHARE = 0.2
TEST_SHARE = 0.2
NO_TIME = "1970-01-01T00:00:00Z"
"""A table has no instants; a package made from one says so by this one."""


def gather_table(
    name: str, features: pa.Table, labels: NDArray[np.int8] | None, groups: NDArray[np.int64],
    test: NDArray[np.bool_] | None = None, *, seed: int,
) -> Gathered:  # fmt: skip
    """Train, validation and test parts of a table. Rows of one group stay together; `test` is the published split.

    Columns become the features `name:column`; strings become categories, in the order of their names; null is missing.
    Without labels all rows are train. Raises InputInvalid for an empty table, or a column of another type.
    """
    if features.num_rows == 0 or not features.column_names:
        raise InputInvalid(f"the table {name} is empty")
    columns = [_column(name, column, features[column]) for column in features.column_names]
    inputs = tuple(each for each, _ in columns)
    values = np.column_stack([column for _, column in columns])
    schema = FeatureSchema(name, inputs, {name: "0" * 16})
    window = DataWindow(NO_TIME, NO_TIME, NO_TIME)
    if labels is None:
        return Gathered(TrainingRows(schema, Part(values, np.zeros(len(values), dtype=np.int8))), values, window)
    whole = Part(values, labels, groups)
    role = _roles(groups, test, seed)
    train, validation, held = (whole.chosen(role == which) for which in range(3))
    statement = "Rows of one group are together." if test is None else "The test part is the published one."
    return Gathered(TrainingRows(schema, train, validation, held, statement), values, window)


def _roles(groups: NDArray[np.int64], test: NDArray[np.bool_] | None, seed: int) -> NDArray[np.int8]:
    """0 train, 1 validation, 2 test; by group, but for a published test part, which is taken as it is published."""
    _, group = np.unique(groups, return_inverse=True)
    draw = np.random.default_rng(seed).random(int(group.max()) + 1)
    if test is None:
        role = np.where(draw < TEST_SHARE, 2, np.where(draw < TEST_SHARE + VALIDATION_SHARE, 1, 0))
        return role[group].astype(np.int8)
    role = np.where(draw < VALIDATION_SHARE, 1, 0)[group]
    return np.where(test, 2, role).astype(np.int8)


def _column(table: str, name: str, column: pa.ChunkedArray) -> tuple[FeatureInput, Floats]:
    kind = column.type
    if kinds.is_boolean(kind):
        return FeatureInput(table, name, "bool"), column.cast(pa.int8()).cast(pa.float64()).to_numpy()
    if kinds.is_integer(kind) or kinds.is_floating(kind):
        return FeatureInput(table, name, "float64"), column.cast(pa.float64()).to_numpy()
    if not (kinds.is_string(kind) or kinds.is_large_string(kind)):
        raise InputInvalid(f"column {name} of {table} is {kind}; a feature is a number, a truth value or a string")
    categories = tuple(sorted(value for value in column.unique().to_pylist() if value is not None))
    place = {value: float(position) for position, value in enumerate(categories)} | {None: np.nan}
    positions = np.array([place[value] for value in column.to_pylist()])
    return FeatureInput(table, name, "string", categories=categories), positions
