"""The model as a package scores it: many passes over rows cost a fraction of the training library's."""

from __future__ import annotations

from collections.abc import Callable

from strata.runtime.boosted import FORMAT, MODEL_FILE
from strata.runtime.booster import Booster
from training.labels.learn import Learned
from training.rows import Floats


def quick_raw(learned: Learned) -> Callable[[Floats], Floats]:
    """`Learned.raw`; of two classes by trees the same sums, which the C kernel adds up where it was built."""
    exported = learned.scorer.export()
    if exported.model["format"] != FORMAT:
        return learned.raw
    booster = Booster(exported.files[MODEL_FILE].decode(), len(learned.preparation.names))
    return lambda values: booster.raw(learned.preparation.apply(values))
