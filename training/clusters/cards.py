"""A segment in plain language, for somebody who will write to its users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from training.clusters.telling import Difference
from training.sections import Axis, SegmentText, UnitForms
from training.units import with_unit

# How Cliff's delta is read (Romano et al. 2006).
_WORDS: Final = ((0.474, "much {} than"), (0.33, "{} than"), (0.147, "somewhat {} than"))
MOST_DIFFERENCES: Final = 3
BORDER_SCORE: Final = 0.1
"""Below, a user is as good as on the border to another segment."""


def write_card(text: SegmentText, size: int, total: int, traits: str, *, border_share: float | None) -> str:
    """`traits` by `tell_traits`; `border_share`: those of them a little change would move, where known."""
    if size == 0:
        return f"{text.label}. {text.description} Nobody is in it today."
    sentences = [f"{text.label}: {size:,} of {total:,} users ({size / total:.0%}).", text.description, traits]
    if border_share is not None:
        sentences.append(_border(border_share))
    return " ".join(sentences)


def tell_traits(differences: Sequence[Difference], axes: Mapping[str, Axis]) -> str:
    """A sentence of the most telling differences, which come first; one per axis, whose windows say the same."""
    told = _one_per_axis(differences, axes)
    if not told:
        return "No feature sets these users apart from the others."
    units = {feature: axis.unit for axis in axes.values() for feature in axis.features}
    return f"What tells them apart: {'; '.join(_trait(one, units.get(one.feature, '')) for one in told)}."


def plain_name(feature: str) -> str:
    """
    >>> plain_name("rfm:monetary_90d")
    'monetary 90d'
    """
    return feature.rpartition(":")[2].replace("_", " ")


def _one_per_axis(differences: Sequence[Difference], axes: Mapping[str, Axis]) -> list[Difference]:
    axis_of = {feature: name for name, axis in axes.items() for feature in axis.features}
    seen: set[str] = set()
    told = []
    for one in differences:
        name = axis_of.get(one.feature, one.feature)
        if abs(one.effect) >= _WORDS[-1][0] and name not in seen:
            told.append(one)
            seen.add(name)
    return told[:MOST_DIFFERENCES]


def _trait(one: Difference, unit: str | UnitForms) -> str:
    words = next(words for least, words in _WORDS if abs(one.effect) >= least)
    compared = words.format("higher" if one.effect > 0 else "lower")
    typical = with_unit(_number(one.median), unit)
    return f"{plain_name(one.feature)} typically {typical}, {compared} the others' {_number(one.others)}"


def _border(share: float) -> str:
    if share < 0.05:
        return "They are clearly of this segment."
    return f"{share:.0%} of them are near the border to another segment."


def _number(value: float | None) -> str:
    if value is None:
        return "unknown"
    return f"{value:,.0f}" if abs(value) >= 10 or value == round(value) else f"{value:,.2g}"
