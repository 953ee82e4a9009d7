"""Clusters: who is in them, what tells them apart, why so many, and whether they hold."""

from __future__ import annotations

from training.report.figures.criteria import criteria_picture, figure_of, measured
from training.report.figures.maps import map_picture, one_by_one_picture
from training.report.figures.sizes import sizes_picture
from training.report.figures.telling import telling_picture
from training.report.figures.windows import agreement_picture, shares_picture
from training.report.html import Html, code, folded, joined, note, part, section, sentences, table
from training.report.judged import Judged
from training.report.numbers import number, percent, spread
from training.report.picture import pictures


def segments_section(judged: Judged) -> Html:
    """Sizes, map, what tells a segment apart, and its middle user."""
    details, names = judged.details, list(judged.labels.values())
    told = {key: rows for key, rows in details.get("telling", {}).items() if rows}
    found = details.get("map")
    return section(
        "The segments",
        pictures(
            # Without axes it is on the first screen already.
            sizes_picture(judged.sizes, judged.labels, details.get("noise"))
            if details.get("axes") and judged.sizes
            else None,
            map_picture(found, names) if found else None,
            one_by_one_picture(found, names) if found else None,
            telling_picture(told, judged.labels) if told else None,
        ),
        part("In plain words", sentences(_cards(judged))),
        part("The middle user of each segment", _profile(judged)),
        part("What tells a segment apart, in its own units", _telling(judged)),
        identity="segments",
    )


def number_section(judged: Judged) -> Html:
    """How the number of segments was chosen, with each criterion for each number tried."""
    details = judged.details
    chosen = judged.evaluation.metrics.get("segments")
    candidates = details.get("candidates", ())
    how = details.get("chosen_by", ())
    return section(
        "How many segments",
        sentences([how] if isinstance(how, str) else how),
        pictures(criteria_picture(candidates, None if chosen is None else int(chosen))),
        _criteria(judged),
        identity="number",
    )


def windows_section(judged: Judged) -> Html:
    """The same segments looked for at earlier instants."""
    windows = sorted(judged.details.get("windows", ()), key=lambda one: str(one.get("as_of", "")))
    if not windows:
        return Html("")
    rows = [
        (str(one.get("as_of", ""))[:10], spread(one.get("agreement")), percent(one.get("matched")),
         spread(one.get("silhouette")))
        for one in windows
    ]  # fmt: skip
    return section(
        "Over time",
        pictures(agreement_picture(windows), shares_picture(windows, judged.labels)),
        table(
            ("window", "agreement (adjusted Rand)", "users in matching segments", "silhouette"), rows, numeric_from=1
        ),
        identity="time",
    )


def _cards(judged: Judged) -> list[str]:
    found = judged.details.get("cards", {})
    return [found[key] for key in judged.labels if key in found]


def _profile(judged: Judged) -> Html:
    rows = [
        (code(row["feature"]), *(number(row.get(key)) for key in judged.labels))
        for row in judged.details.get("profile", ())
    ]
    shown = table(("feature", *judged.labels.values()), rows, numeric_from=1)
    return joined((note("Medians in the features' own units."), shown)) if shown else shown


def _telling(judged: Judged) -> Html:
    rows = [
        (judged.label(key), code(one["feature"]), number(one.get("median")), number(one.get("others")),
         f"{one['effect']:+.2f}")
        for key, each in judged.details.get("telling", {}).items()
        for one in each
    ]  # fmt: skip
    shown = table(
        ("segment", "feature", "middle user", "middle user of the others", "effect (rank-biserial)"),
        rows,
        numeric_from=2,
    )
    return folded(f"{len(rows)} features", shown)


def _criteria(judged: Judged) -> Html:
    candidates = judged.details.get("candidates", ())
    criteria = measured(candidates)
    rows = [(str(each["k"]), *(spread(figure_of(each, one)) for one in criteria)) for each in candidates]
    return table(("segments", *(f"{one.name} ({one.better})" for one in criteria)), rows, numeric_from=0)
