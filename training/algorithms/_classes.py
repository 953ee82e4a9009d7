"""What supervised algorithms share about classes."""

from __future__ import annotations

import numpy as np

from strata.errors import InputInvalid
from training.algorithms.port import Labels
from training.rows import Floats


def check_classes(labels: Labels, classes: int) -> None:
    """Raise InputInvalid, naming the positions of classes no row has."""
    if absent := sorted(set(range(classes)) - set(np.unique(labels).tolist())):
        raise InputInvalid(
            f"no training row is of class {', '.join(map(str, absent))} of 0 to {classes - 1}; "
            "import a longer history, or define fewer classes"
        )


def softmax_rows(sums: Floats) -> Floats:
    """[n, classes] sums -> probabilities."""
    odds = np.exp(sums - sums.max(axis=1, keepdims=True))
    found: Floats = odds / odds.sum(axis=1, keepdims=True)
    return found
