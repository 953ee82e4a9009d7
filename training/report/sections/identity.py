"""Whether segments mean what they meant in the version before."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.report.figures.flows import flows_picture
from training.report.html import Html, code, folded, joined, section, sentences, table, tag
from training.report.judged import Judged
from training.report.numbers import percent
from training.report.picture import pictures


def identity_section(judged: Judged) -> Html:
    """Who moved and why, what became of each segment, and the whole table of movements."""
    found = judged.details.get("identity") or {}
    rows = [
        (
            judged.label(one["key"]),
            code(one["key"]),
            str(one.get("kind", "")),
            ", ".join(one.get("from", ())),
            percent(one.get("overlap")),
            "" if one.get("users") is None else f"{one['users']:,}",
        )
        for one in found.get("segments", ())
    ]
    return section(
        "Since the version before",
        _moved(found),
        sentences(found.get("reasons", ())),
        _flows(judged, found.get("flows")),
        table(("since that version was trained", "users"), _causes(found.get("since") or {}), numeric_from=1),
        table(("segment", "key", "what it is", "from", "overlap", "users"), rows, numeric_from=4),
        identity="identity",
    )


def _moved(found: Mapping[str, Any]) -> Html:
    if not found:
        return Html("")
    if found.get("previous") is None and found.get("reasons"):
        return Html("")  # they say why it could not be compared
    if found.get("previous") is None:
        if found.get("reasons"):
            return Html("")  # there is one, and they say why it cannot be compared
        return tag("p", "There is no version before this one: its segments were named at birth.")
    moved = found.get("moved") or {}
    said = "" if not moved else f": {moved['users']:,} users ({percent(moved['share'])}) are in another segment now"
    return tag("p", "Compared with version ", code(found["previous"]), said, ".")


def _causes(found: Mapping[str, Any]) -> list[tuple[str, str]]:
    named = (
        ("users", "known then and now"),
        ("moved", "in another segment"),
        ("features", "because their features changed"),
        ("model", "because the model changed"),
        ("both", "by both together"),
    )
    return [(name, f"{found[key]:,}") for key, name in named if key in found]


def _flows(judged: Judged, found: Any) -> Html:
    if not found:
        return Html("")
    matrix = found["matrix"]
    before, after = [[judged.label(each) for each in found[side]] for side in ("rows", "columns")]
    rows = [(name, *(f"{users:,.0f}" for users in line)) for name, line in zip(before, matrix, strict=True)]
    return joined(
        (
            pictures(flows_picture(matrix, before, after)),
            folded("Every movement in numbers", table(("before \\ now", *after), rows, numeric_from=1)),
        )
    )
