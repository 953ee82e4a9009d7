"""Whether an exported package answers as the library that trained it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from strata.runtime import Package, Scores
from training.gates.declared import Outcome
from training.gather import with_defaults
from training.rows import FeatureSchema, Fitted, Floats

TOLERANCE: Final = 1e-6
"""Of scores. float32 keeps seven digits of a number below 1."""


@dataclass(frozen=True)
class Parity:
    """How far the two are apart on the reference."""

    rows: int
    segments_differ: int
    difference: float
    """The largest of scores."""

    def outcome(self) -> Outcome:
        """As a gate that nobody has to declare: the same segment for every row, and scores within the tolerance."""
        passed = not self.segments_differ and self.difference <= TOLERANCE
        return Outcome(
            "export_difference", f"at most {TOLERANCE:g}, and no other segment", self.difference, passed, "reject",
            f"the exported package gives {self.segments_differ} of {self.rows} users another segment than the library "
            f"that trained it, and scores that differ by up to {self.difference:.2g}",
        )  # fmt: skip


def compare_answers(fitted: Fitted, package: Package, schema: FeatureSchema, values: Floats) -> tuple[Parity, Scores]:
    """Score raw rows [n, f] with both; also the package's answers."""
    ours, theirs = package.score(values), fitted.answers(with_defaults(schema, values))
    differ = int((ours.segment_indexes != theirs.segment_indexes).sum())
    distance = float(np.abs(ours.scores - theirs.scores).max(initial=0.0))
    return Parity(len(values), differ, distance), ours
