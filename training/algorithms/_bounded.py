"""What algorithms share whose cost grows faster than the rows."""

from __future__ import annotations

import numpy as np

from training.rows import Floats


def bounded_rows(values: Floats, most: int, seed: int, why: str) -> tuple[Floats, list[str]]:
    """At most `most` rows, a seeded sample in their own order where there are more, and then a sentence of it."""
    if len(values) <= most:
        return values, []
    chosen = np.sort(np.random.default_rng([seed, most]).permutation(len(values))[:most])
    note = f"{why}: it was fitted on {most:,} of {len(values):,} rows, chosen at random, and all were then assigned."
    return values[chosen], [note]
