"""What resampling does to probabilities, and how it is undone: a model learns the base rate it is shown."""

from __future__ import annotations

import numpy as np

from training.rows import Floats


def log_odds_shift(learned: float, real: float) -> float:
    """What is added to log-odds that were learned at one base rate, to have them at another (Elkan 2001).

    Shares of positives, inside (0, 1). It is exact where resampling drew within classes at random; SMOTE changes
    what a class looks like as well, and a calibration on untouched rows sees to both.

    >>> round(log_odds_shift(0.5, 0.1), 4)
    -2.1972
    """
    return float(np.log(real / (1.0 - real)) - np.log(learned / (1.0 - learned)))


def correct_prior(probabilities: Floats, learned: float, real: float) -> Floats:
    """The same for probabilities: those that were one half become the base rate, learned at one half.

    >>> correct_prior(np.array([0.0, 0.5, 1.0]), 0.5, 0.1).tolist()
    [0.0, 0.1, 1.0]
    """
    positive = probabilities * (real / learned)
    negative = (1.0 - probabilities) * ((1.0 - real) / (1.0 - learned))
    found: Floats = positive / (positive + negative)
    return found
