"""How a model treats the groups of a protected attribute: measured for every group, judged where rows suffice.

Definitions are those of fairlearn (Bird et al. 2020): selection rate is the share chosen; demographic parity
difference and ratio are the largest minus, and the smallest over, the largest selection rate (Dwork et al. 2012);
equalised odds difference is the larger of the differences in true-positive and in false-positive rate (Hardt et al.
2016). Unlike there, a rate without a row to divide by is undefined, not 0, and a group below the floor is shown and
not judged: its rates would make the extremes by chance alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.algorithms.port import Labels
from training.judge.attributes import Attribute
from training.judge.group_rates import RATES, Floor, Gap, GroupRates, count_rates
from training.judge.intervals import Resampling, wilson


def fairness(
    labels: Labels, chosen: NDArray[np.bool_], attribute: Attribute, how: Resampling, floor: Floor | None = None
) -> dict[str, Any]:
    """One entry of `details["fairness"]`: every group's rates with Wilson intervals, differences, and a statement.

    `chosen` [n]: whom the model picks (the segment an action goes to). Differences, with bootstrap intervals, are
    absent where fewer than two groups can be judged.
    """
    counted = count_rates(labels, chosen, attribute, how, floor or Floor())
    gaps = {name: gap for place, name in enumerate(RATES) if (gap := counted.gap(place)) is not None}
    parity, odds = gaps.get("rate"), _odds(gaps)
    out: dict[str, Any] = {
        "attribute": attribute.name,
        "groups": [_group(name, place, counted) for place, name in enumerate(attribute.groups)],
    }
    if parity is not None:
        out["demographic_parity"] = parity.difference.to_json()
        out["demographic_parity_ratio"] = parity.ratio.to_json()
    if odds is not None:
        out["equalised_odds"] = odds.difference.to_json()
    return {**out, "statement": _statement(attribute, counted, parity, odds)}


def fairness_metrics(found: Sequence[Mapping[str, Any]]) -> dict[str, float]:
    """What a gate may ask for: `fairness.ATTRIBUTE.demographic_parity`, `..._ratio` and `.equalised_odds`."""
    keys = ("demographic_parity", "demographic_parity_ratio", "equalised_odds")
    return {f"fairness.{one['attribute']}.{key}": one[key]["value"] for one in found for key in keys if key in one}


def _odds(gaps: Mapping[str, Gap]) -> Gap | None:
    both = [gaps[name] for name in ("tpr", "fpr") if name in gaps]
    return max(both, key=lambda gap: gap.difference.value, default=None)


def _group(name: str, place: int, counted: GroupRates) -> dict[str, Any]:
    """`rows`, `positives`, each rate and its `RATE_interval` (None where undefined), `fnr`, and which were judged."""
    hits, rows = counted.hits[0, place], counted.rows[0, place]
    out: dict[str, Any] = {"group": name, "rows": int(rows[0]), "positives": int(rows[1])}
    for rate, key in enumerate(RATES):
        out[key] = float(hits[rate] / rows[rate]) if rows[rate] else None
        out[f"{key}_interval"] = list(wilson(hits[rate], rows[rate])) if rows[rate] else None
    out["fnr"] = None if out["tpr"] is None else 1 - out["tpr"]
    out["judged"] = [key for rate, key in enumerate(RATES) if place in counted.judged(rate)]
    return out


def _statement(attribute: Attribute, counted: GroupRates, parity: Gap | None, odds: Gap | None) -> str:
    floor = counted.floor
    said = [f"{attribute.name}: fewer than two groups have {floor.rows} rows, so none is compared."]
    if parity is not None:
        said = [f"{attribute.name}: {_compared(attribute, counted, parity)}."]
        said.append(f"Too few rows of a class ({floor.of_class}) for a comparison of odds.")
    if odds is not None:
        whom = "the positive" if odds.rate == "tpr" else "those who are not positive"
        said[-1] = f"Odds differ most among {whom}: {_compared(attribute, counted, odds)}."
    if small := len(attribute.groups) - len(counted.judged(0)):
        said.append(f"Groups with fewer than {floor.rows} rows are shown and not judged: {small}.")
    if attribute.cut:
        said.append(attribute.cut)
    return " ".join(said)


def _compared(attribute: Attribute, counted: GroupRates, gap: Gap) -> str:
    rates = counted.rates[0, :, RATES.index(gap.rate)]
    found = gap.difference
    told = "" if found.low > 0 else ", which chance alone may make"
    return (
        f"{rates[gap.high]:.1%} of {attribute.groups[gap.high]!r} and {rates[gap.low]:.1%} of "
        f"{attribute.groups[gap.low]!r} are chosen, a difference of {100 * found.value:.1f} points "
        f"(95 %: {100 * found.low:.1f} to {100 * found.high:.1f}){told}"
    )
