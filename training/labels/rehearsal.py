"""An algorithm tried on a handful of rows before any are read: what its parameters may be, its library alone knows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from strata.errors import DefinitionInvalid, InputInvalid
from training.algorithms import label_algorithm
from training.definition import Definition
from training.labels.learn import class_count
from training.labels.native_stderr import without_lightgbm
from training.labels.tune import check_ranges, within_ranges
from training.sections import LabelSection

_ROWS_OF_A_CLASS: Final = 20


def rehearse(definition: Definition) -> None:
    """Raise DefinitionInvalid where the library refuses the parameters, or those a search would come to."""
    if definition.tune is not None:
        check_ranges(definition)
    for section in _sections(definition):
        _try(section, class_count(definition), definition.seed)


def _sections(definition: Definition) -> Iterator[LabelSection]:
    asked = [definition] if definition.tune is None else [definition, *within_ranges(definition)]
    for each in asked:
        section = each.algorithm
        if isinstance(section, LabelSection):
            # One tree is refused for the same reasons as 2,000.
            yield section.model_copy(update={"trees": 1} if "trees" in type(section).model_fields else {})


def _try(section: LabelSection, classes: int, seed: int) -> None:
    labels = (np.arange(_ROWS_OF_A_CLASS * classes) % classes).astype(np.int8)
    values = np.random.default_rng(seed).normal(size=(len(labels), 3))
    try:
        with without_lightgbm():
            label_algorithm(section).fit(values, labels, None, section, classes=classes, seed=seed)
    except InputInvalid:
        return  # so few rows do not carry it, which says nothing of the parameters
    except Exception as error:
        # Each library has errors of its own, and none of them is about these rows.
        said = str(error).strip().partition("\n")[0].partition(" at /")[0]
        raise DefinitionInvalid(f"algorithm: {section.kind} refuses its parameters: {said}") from error
