"""Where rows lie on the axes that name segments."""

from __future__ import annotations

import numpy as np
import pytest

from strata.errors import DefinitionInvalid
from training.prepare.axis_scales import axis_of, fit_axis_scales
from training.sections import Axis, ClusterSection

VALUES = np.array([[1.0, 9.0, 5.0], [2.0, 9.0, np.nan], [4.0, 9.0, 7.0]])
KEYS = ["v:a", "v:free", "v:b"]
AXES = {
    "a": Axis(features=("v:a",), missing="low", unit="u"),
    "b": Axis(features=("v:b",), missing="high", reversed=True, unit="u"),
}
SECTION = ClusterSection.model_construct(axes=AXES, quantiles=3)


def test_rows_lie_on_each_axis_by_rank() -> None:
    """0 is the bad end, 1 the good one; a feature on no axis has no say."""
    levels = fit_axis_scales(SECTION, KEYS, VALUES).levels(VALUES)
    assert levels.tolist() == [[0.0, 1.0], [0.5, 0.0], [1.0, 0.0]]


def test_an_axis_of_an_unknown_feature_is_refused() -> None:
    """With its name."""
    with pytest.raises(DefinitionInvalid, match="does not have: v:b"):
        fit_axis_scales(SECTION, KEYS[:2], VALUES[:, :2])


def test_a_feature_that_has_to_be_on_an_axis_and_is_not_is_refused() -> None:
    """With its name, and what may be done."""
    with pytest.raises(DefinitionInvalid, match=r"on no axis: v:free; put them on one, leave them out"):
        axis_of(AXES, KEYS, KEYS)
