"""How groups are treated: never left out when it was measured."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.report.figures.fairness import fairness_picture
from training.report.html import Html, joined, section, table, tag
from training.report.judged import Judged
from training.report.numbers import percent, spread
from training.report.picture import pictures


def fairness_section(judged: Judged) -> Html:
    """A picture, a table and the two differences for each protected attribute."""
    return section("Fairness", *(_attribute(one) for one in judged.details.get("fairness", ())), identity="fairness")


def _attribute(found: Mapping[str, Any]) -> Html:
    groups = found.get("groups", ())
    rows = [(one["group"], f"{one['rows']:,}", *(_rate(one, key) for key in ("rate", "tpr", "fpr"))) for one in groups]
    differences = [
        (name, spread(found.get(key)))
        for key, name in (("demographic_parity", "demographic parity"), ("equalised_odds", "equalised odds"))
        if found.get(key) is not None
    ]
    header = ("group", "rows", "chosen", "found, of its positives", "chosen, of its others")
    return joined(
        (
            tag("p", str(found.get("statement", ""))),
            pictures(fairness_picture(found) if groups else None),
            table(header, rows, numeric_from=1),
            table(("largest difference between groups", "figure (95 %)"), differences, numeric_from=1),
        )
    )


def _rate(group: Mapping[str, Any], key: str) -> str:
    found = group.get(f"{key}_interval")
    return percent(group.get(key)) + (f" ({percent(found[0])} to {percent(found[1])})" if found else "")
