"""Protected attributes as groups of rows."""

from __future__ import annotations

import numpy as np
import pytest

from strata.errors import DefinitionInvalid
from strata.runtime import FeatureInput
from training.protected import check_protected, protected_groups
from training.rows import FeatureSchema

SCHEMA = FeatureSchema(
    "toy",
    (
        FeatureInput("v", "sex", "string", categories=("f", "m")),
        FeatureInput("v", "member", "bool"),
        FeatureInput("v", "age", "float64"),
    ),
    {"v": "0"},
)


def test_categories_few_values_and_quartiles_each_name_their_groups() -> None:
    """A missing value is a group of its own; a number of many values is cut in four."""
    values = np.column_stack([np.tile([0.0, 1.0, np.nan], 4), np.tile([1.0, 0.0], 6), np.r_[np.nan, np.arange(11.0)]])
    found = protected_groups(SCHEMA.keys, SCHEMA, values)
    assert found["v:sex"][:3].tolist() == ["f", "m", "missing"]
    assert found["v:member"][:2].tolist() == ["1", "0"]
    wanted = ["missing", "to 2.5", "to 2.5", "to 2.5", "over 2.5 to 5", "over 2.5 to 5", "over 2.5 to 5"]
    assert found["v:age"].tolist() == [*wanted, "over 5 to 7.5", "over 5 to 7.5", *["over 7.5"] * 3]


def test_an_attribute_the_service_does_not_have_is_named() -> None:
    """Before any long work."""
    with pytest.raises(DefinitionInvalid, match=r"judge\.protected names what toy does not have: v:race"):
        check_protected(["v:sex", "v:race"], SCHEMA)
