"""Units: right English for one of them where the word is known, and what the file says where it is not."""

from __future__ import annotations

import doctest

import numpy as np
import pytest
from pydantic import ValidationError

from training import units
from training.clusters.cards import tell_traits
from training.clusters.profile import typical_member
from training.clusters.telling import Difference
from training.sections import Axis, UnitForms
from training.units import with_unit


def test_the_examples_hold() -> None:
    """Days, times, currencies, and a unit declared in both forms."""
    failed, tried = doctest.testmod(units)
    assert (failed, tried > 0) == (0, True)


@pytest.mark.parametrize(
    "unit", ["%", "spent", "per basket", "series", "net sales", "times as many", "days-off", "dayss", "boxes", "kWh"]
)
def test_a_word_that_is_not_known_is_never_bent(unit: str) -> None:
    """No rule makes one of many of each word, so none is tried: what was declared is said."""
    assert with_unit("1", unit) == f"1 {unit}"


@pytest.mark.parametrize("shown", ["0", "2", "11", "1.5", "-1", "unknown"])
def test_only_one_is_one(shown: str) -> None:
    """What is printed decides."""
    assert with_unit(shown, "days") == f"{shown} days"


def test_cards_and_descriptions_say_one_as_people_do() -> None:
    """Both places that print an axis' unit; a median of 1.2 is printed as 1, and nobody's is no number of anything."""
    axes = {
        "recency": Axis(features=("v:recency",), missing="high", unit="days since the last purchase"),
        "visits": Axis(features=("v:visits",), missing="low", unit=UnitForms(one="Besuch", other="Besuche")),
        "spend": Axis(features=("v:spend",), missing="low", unit="USD"),
    }
    told = tell_traits([Difference("v:recency", 1.0, 4.0, -0.8), Difference("v:visits", 1.0, 2.0, -0.8)], axes)
    assert "recency typically 1 day since the last purchase, much lower than the others' 4" in told
    assert "visits typically 1 Besuch," in told
    values = np.array([[1.2, 3.0, np.nan], [1.2, 3.0, np.nan]])
    assert typical_member(values, ["v:recency", "v:visits", "v:spend"], axes) == {
        "v:recency": "1 day since the last purchase", "v:visits": "3 Besuche", "v:spend": "unknown",
    }  # fmt: skip


def test_both_forms_are_declared_in_a_file() -> None:
    """As the plural categories of the Unicode CLDR; anything else is refused in words."""
    axis = {"features": ["v:visits"], "missing": "low"}
    assert Axis.model_validate({**axis, "unit": {"one": "Tag", "other": "Tage"}}).unit == UnitForms(
        one="Tag", other="Tage"
    )
    with pytest.raises(ValidationError, match="both forms"):
        Axis.model_validate({**axis, "unit": 3})
    with pytest.raises(ValidationError, match=r"unit\.other\n\s+Field required"):
        Axis.model_validate({**axis, "unit": {"one": "Tag"}})
