"""Judge every column: PSI and level for numbers, PSI and vanished or new values for categories, missing for both.

`alpha` is divided by the number of checks (Bonferroni), so that one report over 40 columns raises a false alarm with
probability `alpha` at most; a check must pass its practical threshold as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import exp, log

import numpy as np

from monitoring.drift.bins import Counts, Floats
from monitoring.drift.level import level
from monitoring.drift.psi import Psi, psi_category, psi_decile
from monitoring.drift.shares import absence_chance, share_noise
from monitoring.drift.verdict import Check, Column, ColumnVerdict, Thresholds

CHECKS_PER_COLUMN = 3
MIN_PRESENT = 20
"""Values a column needs in each sample before its distribution is judged."""


def per_check_alpha(columns: int, thresholds: Thresholds) -> float:
    """The false-alarm probability each single check is allowed."""
    return thresholds.alpha / max(1, CHECKS_PER_COLUMN * columns)


def judge(columns: Sequence[Column], thresholds: Thresholds) -> list[ColumnVerdict]:
    """One verdict per column, in order. Samples have at least one row."""
    alpha = per_check_alpha(len(columns), thresholds)
    return [_judge_column(column, thresholds, alpha) for column in columns]


def _judge_column(column: Column, thresholds: Thresholds, alpha: float) -> ColumnVerdict:
    reference, current = column.present()
    missing = _missing(column, thresholds, alpha)
    too_few = min(len(reference), len(current)) < MIN_PRESENT
    if column.kind == "category":
        before, after = count_labels(column)
        absent = _absent(column, before, after, thresholds, alpha)
        psi = _unjudged("psi_category", thresholds.psi) if too_few else _psi_category(before, after, thresholds, alpha)
        return ColumnVerdict(column, (psi, absent, missing))
    if too_few:
        unjudged = _unjudged("psi_decile", thresholds.psi), _unjudged("level", log(thresholds.level))
        return ColumnVerdict(column, (*unjudged, missing))
    return ColumnVerdict(
        column,
        (_psi_decile(reference, current, thresholds, alpha), _level(reference, current, thresholds, alpha), missing),
    )


def count_labels(column: Column) -> tuple[Counts, Counts]:
    """Rows per label in both samples; a code without a label is an error of the caller."""
    size = len(column.labels)
    reference, current = (values.astype(np.int64) for values in column.present())
    return np.bincount(reference, minlength=size), np.bincount(current, minlength=size)


def _unjudged(method: str, practical: float) -> Check:
    return Check(
        method, None, practical, 0.0, f"not judged: fewer than {MIN_PRESENT} values in the reference or the log"
    )


def _psi_decile(reference: Floats, current: Floats, thresholds: Thresholds, alpha: float) -> Check:
    return _psi_check("psi_decile", psi_decile(reference, current), "the values' distribution", thresholds, alpha)


def _psi_category(before: Counts, after: Counts, thresholds: Thresholds, alpha: float) -> Check:
    return _psi_check("psi_category", psi_category(before, after), "the categories' shares", thresholds, alpha)


def _psi_check(method: str, psi: Psi, what: str, thresholds: Thresholds, alpha: float) -> Check:
    noise = psi.noise(alpha)
    limit = max(thresholds.psi, noise)
    word = "changed" if psi.value >= limit else "held"
    return Check(method, psi.value, thresholds.psi, noise, f"{what} {word}: PSI {psi.value:.3f}, threshold {limit:.3f}")


def _level(reference: Floats, current: Floats, thresholds: Thresholds, alpha: float) -> Check:
    practical = log(thresholds.level)
    found = level(reference, current)
    if found is None:
        return Check("level", None, practical, 0.0, "not judged: too few non-zero values, or a mean around zero")
    noise = found.noise(alpha)
    limit, size = max(practical, noise), abs(found.log_ratio)
    reason = (
        f"values are {found.ratio:.2f} times the reference's; a factor of {exp(limit):.2f} up or down would be drift"
    )
    if size >= limit:
        reason = f"values are {found.ratio:.2f} times the reference's, more than a factor of {exp(limit):.2f}"
    return Check("level", size, practical, noise, reason)


def _missing(column: Column, thresholds: Thresholds, alpha: float) -> Check:
    rows, now_rows = len(column.reference), len(column.current)
    present, now_present = (len(values) for values in column.present())
    before, after = rows - present, now_rows - now_present
    noise = share_noise(before, rows, after, now_rows, alpha)
    reason = f"{after / now_rows:.1%} missing, {before / rows:.1%} in the reference"
    return Check("missing_share", abs(after / now_rows - before / rows), thresholds.missing, noise, reason)


def _absent(column: Column, before: Counts, after: Counts, thresholds: Thresholds, alpha: float) -> Check:
    """The largest share among the categories that vanished or appeared beyond chance."""
    rows, now_rows = int(before.sum()), int(after.sum())
    chance = alpha / max(1, len(column.labels))
    found: list[tuple[float, str]] = []
    for label, old, new in zip(column.labels, before.tolist(), after.tolist(), strict=True):
        if old and not new and now_rows and absence_chance(old, rows, now_rows) < chance:
            found.append((old / rows, f"{label} vanished ({old / rows:.1%} of the reference)"))
        if new and not old and rows and absence_chance(new, now_rows, rows) < chance:
            found.append((new / now_rows, f"{label} is new ({new / now_rows:.1%} of the log)"))
    found.sort(reverse=True)
    words = "; ".join(text for _, text in found[:5]) or "no category vanished or appeared beyond chance"
    return Check("category_absent", found[0][0] if found else 0.0, thresholds.absent, 0.0, words)
