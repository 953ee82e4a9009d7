"""The model as a package scores it: many passes over rows cost a fraction of the training library's."""

from __future__ import annotations

from collections.abc import Callable

from strata.runtime.boosted import FORMAT, MODEL_FILE
from strata.runtime.booster import Booster
from training.algorithms._classes import softmax_rows
from training.labels.learn import Learned
from training.rows import Floats


def quick_raw(learned: Learned) -> Callable[[Floats], Floats]:
    """`Learned.raw`; the sums of trees are added up by the C kernel where it was built."""
    exported = learned.scorer.export()
    if MODEL_FILE not in exported.files:
        return learned.raw
    text, width = exported.files[MODEL_FILE].decode(), len(learned.preparation.names)
    if exported.model["format"] == FORMAT:
        booster = Booster(text, width)
        return lambda values: booster.raw(learned.preparation.apply(values))
    several = Booster(text, width, learned.scorer.classes)
    shares = exported.model.get("link") == "shares"
    return lambda values: (_shares if shares else softmax_rows)(several.sums(learned.preparation.apply(values)))


def _shares(sums: Floats) -> Floats:
    found: Floats = sums / sums.sum(axis=1, keepdims=True)
    return found
