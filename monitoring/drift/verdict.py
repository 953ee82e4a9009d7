"""What a judgement says: one `Check` per question asked of a column, one `ColumnVerdict` per column."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from monitoring.drift.bins import Floats

Kind = Literal["number", "category"]
Status = Literal["ok", "drift", "not_judged"]


@dataclass(frozen=True)
class Column:
    """One column in both samples: numbers, or category codes into `labels`; NaN is missing."""

    name: str
    kind: Kind
    reference: Floats
    current: Floats
    labels: tuple[str, ...] = ()

    def present(self) -> tuple[Floats, Floats]:
        """Both samples without missing and infinite values."""
        return self.reference[np.isfinite(self.reference)], self.current[np.isfinite(self.current)]


@dataclass(frozen=True)
class Thresholds:
    """How large a change must be to matter, whatever the number of rows."""

    psi: float = 0.2
    missing: float = 0.1
    level: float = 1.15
    """As a factor, up or down."""
    absent: float = 0.01
    """Share above which a category that vanished or appeared matters."""
    alpha: float = 0.01
    """Chance of any false alarm in one report, over all of its checks."""


@dataclass(frozen=True)
class Check:
    """One question: drifted when `statistic >= threshold`, where threshold = max(practical, noise)."""

    method: str
    statistic: float | None
    practical: float
    noise: float
    reason: str

    @property
    def threshold(self) -> float:
        """What matters and is more than chance."""
        return max(self.practical, self.noise)

    @property
    def drifted(self) -> bool:
        return self.statistic is not None and self.statistic >= self.threshold

    @property
    def severity(self) -> float:
        """Statistic over threshold; 0 for a check that could not be made."""
        return 0.0 if self.statistic is None else self.statistic / self.threshold


@dataclass(frozen=True)
class ColumnVerdict:
    """Everything asked about one column."""

    column: Column
    checks: tuple[Check, ...]

    @property
    def drifted(self) -> bool:
        return any(check.drifted for check in self.checks)

    @property
    def status(self) -> Status:
        if self.drifted:
            return "drift"
        return "not_judged" if self.checks[0].statistic is None else "ok"

    @property
    def leading(self) -> Check:
        """The check furthest past (or nearest to) its threshold."""
        return max(self.checks, key=lambda check: check.severity)
