"""Value, quantity and discount of each row, with the mapping's rules on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from strata.events import EVENT_TYPES
from streaming.columns.numbers import ABSURD, Flags, Floats, Numbers, to_cents, to_numbers
from streaming.door.reasons import Reason, Verdict
from streaming.mapping.model import Allowed, Discount, Quantity, Value

if TYPE_CHECKING:
    import pyarrow as pa

Columns = dict[str, "pa.Array"]
Cents = NDArray[np.int64]

_FORBIDS_ZERO: Final = ("positive", "negative", "nonzero")


def read_value(rule: Value, columns: Columns, types: NDArray[np.int64], verdict: Verdict) -> tuple[Cents, Flags]:
    """Cents, and which accepted rows had to be rounded. Rejects what the rule forbids."""
    numbers = to_numbers(columns[rule.column])
    if rule.times:
        numbers = _product(numbers, to_numbers(columns[rule.times]))
    verdict.reject(numbers.missing, Reason.MISSING_VALUE)
    verdict.reject(numbers.bad, Reason.BAD_VALUE)
    amounts, absurd = _tame(numbers.values, rule.scale)
    verdict.reject(absurd, Reason.ABSURD_VALUE)
    cents, rounded = to_cents(amounts, rule.scale)
    for allowed, rows in _allowed(rule, types):
        _reject_signs(cents, allowed, rows, verdict)
    return cents, rounded


def read_quantity(rule: Quantity, columns: Columns, verdict: Verdict) -> pa.Array:
    """Whole units; null where nothing is written."""
    import pyarrow as pa

    numbers = to_numbers(columns[rule.column])
    amounts, absurd = _tame(numbers.values, 1.0)
    verdict.reject(numbers.bad | absurd | (amounts != np.rint(amounts)), Reason.BAD_QUANTITY)
    units = np.rint(amounts).astype(np.int64)
    verdict.reject(_forbidden(units, rule.allow) & ~numbers.missing, Reason.FORBIDDEN_QUANTITY)
    return pa.array(units, pa.int64(), mask=numbers.missing)


def read_discount(rule: Discount, columns: Columns, verdict: Verdict) -> tuple[Cents, Flags]:
    """Cents, and which rows had to be rounded. Rejects what is no number, absurd or negative."""
    parts = [to_numbers(columns[name]) for name in rule.columns]
    bad = np.logical_or.reduce([part.bad for part in parts])
    amounts, absurd = _tame(np.sum([np.nan_to_num(part.values) for part in parts], axis=0), rule.scale)
    cents, rounded = to_cents(amounts, rule.scale)
    verdict.reject(bad | absurd | (cents < 0), Reason.BAD_DISCOUNT)
    return cents, rounded


def _product(left: Numbers, right: Numbers) -> Numbers:
    missing, bad = left.missing | right.missing, left.bad | right.bad
    with np.errstate(over="ignore", invalid="ignore"):
        values = left.values * right.values
    # Two finite numbers may multiply past the largest double: that is absurd, not unreadable.
    return Numbers(np.where(np.isinf(values) & ~bad, ABSURD * ABSURD, values), missing, bad & ~missing)


def _tame(values: Floats, scale: float) -> tuple[Floats, Flags]:
    """Finite amounts within bounds (0 elsewhere), and which were out of bounds."""
    known = np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
    with np.errstate(over="ignore"):
        absurd = np.abs(known) * scale > ABSURD
    return np.where(absurd, 0.0, known), absurd


def _allowed(rule: Value, types: NDArray[np.int64]) -> list[tuple[Allowed, Flags]]:
    if not isinstance(rule.allow, dict):
        return [(rule.allow, np.ones(len(types), dtype=bool))]
    return [(allowed, types == EVENT_TYPES.index(name)) for name, allowed in rule.allow.items()]


def _reject_signs(cents: Cents, allowed: Allowed, rows: Flags, verdict: Verdict) -> None:
    forbidden = _forbidden(cents, allowed) & rows
    verdict.reject(forbidden & (cents == 0), Reason.ZERO_VALUE)
    verdict.reject(forbidden & (cents < 0), Reason.NEGATIVE_VALUE)
    verdict.reject(forbidden & (cents > 0), Reason.POSITIVE_VALUE)


def _forbidden(amounts: Cents, allowed: Allowed) -> Flags:
    forbidden: Flags = (amounts == 0) if allowed in _FORBIDS_ZERO else np.zeros(len(amounts), dtype=bool)
    if allowed == "positive":
        forbidden = forbidden | (amounts < 0)
    elif allowed == "negative":
        forbidden = forbidden | (amounts > 0)
    return forbidden
