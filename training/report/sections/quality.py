"""A supervised version: what its segments hold, how well it ranks, whether its probabilities are true."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from training.report.figures.calibration import calibration_picture
from training.report.figures.confusion import confusion_picture
from training.report.figures.curves import precision_recall_picture, roc_picture
from training.report.figures.gains import gains_picture
from training.report.figures.learning import learning_curve_picture
from training.report.html import Html, part, section, table
from training.report.judged import Judged
from training.report.numbers import percent, spread
from training.report.picture import Picture, pictures


def quality_section(judged: Judged) -> Html:
    """Tables of segments and baselines, then every curve there is."""
    details = judged.details
    return section(
        "How good it is",
        part("Segments on the test rows", _bands(judged)),
        part("Beside simpler ways", _baselines(judged)),
        pictures(*_curves(judged)),
        part("Over folds", _folds(details.get("folds") or {})),
        identity="quality",
    )


def _curves(judged: Judged) -> list[Picture | None]:
    details = judged.details
    ranking = details.get("ranking") or {}
    base_rate = judged.evaluation.metrics.get("base_rate")
    precision = ranking.get("precision_recall")
    confusion = details.get("confusion")
    return [
        precision_recall_picture(ranking, base_rate, details.get("baselines", ())) if precision else None,
        roc_picture(ranking) if ranking.get("roc") else None,
        calibration_picture(details["calibration"]) if details.get("calibration") else None,
        gains_picture(details["lift"]) if details.get("lift") else None,
        learning_curve_picture(details["learning_curve"]) if details.get("learning_curve") else None,
        confusion_picture(confusion["matrix"], [judged.label(each) for each in confusion["classes"]])
        if confusion
        else None,
    ]


def _bands(judged: Judged) -> Html:
    rows = [
        (b["label"], f"{b['rows']:,}", percent(b.get("share")), percent(b.get("precision")), percent(b.get("recall")))
        for b in judged.details.get("bands", ())
    ]
    return table(("segment", "users", "share", "positive (precision)", "of all positives (recall)"), rows, 1)


def _baselines(judged: Judged) -> Html:
    others = judged.details.get("baselines", ())
    this = [{"name": "this version", **(judged.details.get("ranking") or {})}] if others else []
    rows = [(one["name"], spread(one.get("roc_auc")), spread(one.get("average_precision"))) for one in (*this, *others)]
    return table(("way", "ROC AUC", "average precision"), rows, numeric_from=1)


def _folds(folds: Mapping[str, Any]) -> Html:
    keys = [key for key, found in folds.items() if isinstance(found, Mapping) and "value" in found]
    if not keys:
        return Html("")
    name = f"all {folds.get('n', '')} ({folds.get('kind', '')})"
    rows = [(name, "", *(spread(folds[key]) for key in keys))]
    rows += [
        (str(place + 1), f"{one['test']:,}" if "test" in one else "", *(spread(one.get(key)) for key in keys))
        for place, one in enumerate(folds.get("per_fold", ()))
        if isinstance(one, Mapping)
    ]
    return table(("fold", "test rows", *(key.replace("_", " ") for key in keys)), rows, numeric_from=1)
