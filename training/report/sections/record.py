"""What a statistician checks last: every figure, and everything needed to make the version again."""

from __future__ import annotations

from training.report.html import Html, code, folded, part, section, table
from training.report.judged import Judged
from training.report.metrics import metrics_with_intervals, told
from training.report.numbers import number, percent, spread


def figures_section(judged: Judged) -> Html:
    """Metrics, then the tables behind the curves."""
    details = judged.details
    metrics = [(code(name), told(name, found)) for name, found in metrics_with_intervals(judged)]
    measured = [(code(name), number(value)) for name, value in (details.get("measured") or {}).items()]
    calibration = [
        (str(place + 1), f"{one['rows']:,.0f}" if "rows" in one else "", percent(one["predicted"]),
         percent(one["observed"]), f"{percent(one['low'])} to {percent(one['high'])}")
        for place, one in enumerate(details.get("calibration", ()))
    ]  # fmt: skip
    lift = [
        (percent(one["share"], 0), f"{one['lift']:.2f}", percent(one["gain"]), spread(one.get("precision")))
        for one in details.get("lift", ())
    ]
    thresholds = [(str(place + 1), f"{each:.4f}") for place, each in enumerate(details.get("thresholds", ()))]
    return section(
        "Figures",
        part("Metrics", table(("metric", "value (95 %)"), metrics, numeric_from=1)),
        part("Measured while it was made", table(("figure", "value"), measured, numeric_from=1)),
        part("Calibration", table(("group", "rows", "said", "true", "95 %"), calibration, numeric_from=1)),
        part(
            "Gain and lift", table(("users taken", "lift", "positives found", "precision (95 %)"), lift, numeric_from=0)
        ),
        part("Thresholds, from the lowest probability up", table(("cut", "probability"), thresholds, numeric_from=1)),
        identity="figures",
    )


def version_section(judged: Judged) -> Html:
    """Data window, seed, libraries, features, and the command."""
    manifest, window = judged.manifest, judged.manifest.data_window
    rows = [
        ("algorithm", str(judged.details.get("algorithm", manifest.algorithm))),
        ("rows from", f"{window.first} to {window.last}"),
        ("as known at", window.as_of),
        ("seed", "" if judged.seed is None else str(judged.seed)),
        ("made again by", code(judged.reproduce)),
        ("feature service", code(manifest.feature_service)),
        ("schema fingerprint", code(manifest.schema_fingerprint)),
        ("score", manifest.score_meaning.replace("_", " ")),
        ("libraries", ", ".join(f"{name} {version}" for name, version in manifest.libraries.items())),
        ("made at", manifest.created_at),
    ]
    features = [
        (code(each.key), each.dtype, number(each.default), ", ".join(each.categories[:8])) for each in manifest.features
    ]
    timing = [(str(one["stage"]), number(one["seconds"])) for one in judged.details.get("timing", ())]
    return section(
        "Of this version",
        table(("", ""), [row for row in rows if row[1]]),
        folded(
            f"The {len(features)} features it reads", table(("feature", "type", "when missing", "values"), features)
        ),
        part("Time it took", table(("stage", "seconds"), timing, numeric_from=1)),
        identity="version",
    )
