"""A supervised version: what its segments hold, how well it ranks, whether its probabilities are true."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from training.report.figures.calibration import calibration_picture
from training.report.figures.class_curves import class_precision_recall_picture, class_roc_picture
from training.report.figures.confusion import confusion_picture
from training.report.figures.curves import precision_recall_picture, roc_picture
from training.report.figures.gains import gains_picture
from training.report.figures.learning import learning_curve_picture
from training.report.html import Html, part, section, table
from training.report.judged import Judged
from training.report.numbers import percent, spread
from training.report.picture import Picture, pictures

_RANKED: Final = ("roc_auc", "average_precision")
_MEASURES: Final = (("roc_auc", "ROC AUC"), ("average_precision", "average precision"), ("accuracy", "accuracy"))


def quality_section(judged: Judged) -> Html:
    """Tables of segments and baselines, then every curve there is."""
    details = judged.details
    return section(
        "How good it is",
        part("Segments on the test rows", _bands(judged)),
        part("Beside simpler ways", _baselines(judged)),
        pictures(*_curves(judged)),
        part("Class by class", _classes(judged), pictures(*_class_curves(judged))),
        part("Over folds", _folds(details.get("folds") or {})),
        identity="quality",
    )


def _curves(judged: Judged) -> list[Picture | None]:
    details = judged.details
    ranking = details.get("ranking") or {}
    base_rate = judged.evaluation.metrics.get("base_rate")
    precision = ranking.get("precision_recall")
    # Without bands it is on the first screen already.
    confusion = details.get("confusion") if details.get("bands") else None
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
        (b["label"], f"{b['rows']:,}", percent(b.get("share")), _share(b, "precision"), _share(b, "recall"))
        for b in judged.details.get("bands", ())
    ]
    return table(("segment", "users", "share", "positive (precision)", "of all positives (recall)"), rows, 1)


def _baselines(judged: Judged) -> Html:
    details = judged.details
    others = details.get("baselines", ())
    this = {"name": "this version", **(details.get("ranking") or {}), **(details.get("classes") or {})}
    measured = [(key, name) for key, name in _MEASURES if any(one.get(key) is not None for one in others)]
    lines = [this, *others] if others else []
    ahead = [("ahead", "this version is ahead, ROC AUC")] if any("ahead" in one for one in others) else []
    rows = [(one["name"], *(spread(one.get(key)) for key, _ in measured), *_ahead(one, ahead)) for one in lines]
    return table(("way", *(name for _, name in (*measured, *ahead))), rows, numeric_from=1)


def _ahead(one: Mapping[str, Any], columns: Sequence[tuple[str, str]]) -> list[str]:
    """Empty for this version itself."""
    return [spread(one[key]) if key in one else "" for key, _ in columns]


def _classes(judged: Judged) -> Html:
    ranked = {one["class"]: one for one in judged.details.get("class_rankings", ())}
    rows = [
        (judged.label(one["class"]), f"{one['rows']:,}", _within(one, "precision"), _within(one, "recall"),
         spread(one.get("f1")), *(spread(ranked.get(one["class"], {}).get(key)) for key in _RANKED if ranked))
        for one in (judged.details.get("confusion") or {}).get("per_class", ())
    ]  # fmt: skip
    header = ("segment", "rows", "precision", "recall", "F1", *(dict(_MEASURES)[key] for key in _RANKED if ranked))
    return table(header, rows, numeric_from=1)


def _class_curves(judged: Judged) -> list[Picture]:
    ranked = judged.details.get("class_rankings")
    draw = (class_precision_recall_picture, class_roc_picture)
    return [each(ranked, judged.labels) for each in draw] if ranked else []


def _share(one: Mapping[str, Any], key: str) -> str:
    """In percent, with its interval where one was measured."""
    found, (low, high) = one.get(key), one.get(f"{key}_interval") or (None, None)
    return percent(found) + ("" if low is None else f" ({percent(low)} to {percent(high)})")


def _within(one: Mapping[str, Any], key: str) -> str:
    low, high = one.get(f"{key}_interval") or (None, None)
    return spread({"value": one.get(key), "low": low, "high": high})


def _folds(folds: Mapping[str, Any]) -> Html:
    keys = [key for key, found in folds.items() if isinstance(found, Mapping) and "value" in found]
    if not keys:
        return Html("")
    name = f"all {folds.get('n', '')} ({folds.get('kind', '')})"
    rows = [(name, "", *(spread(folds[key]) for key in keys))]
    if pooled := folds.get("pooled"):
        rows.append(("rows of all folds together", "", *(spread(pooled.get(key)) for key in keys)))
    rows += [
        (str(place + 1), f"{one['test']:,}" if "test" in one else "", *(spread(one.get(key)) for key in keys))
        for place, one in enumerate(folds.get("per_fold", ()))
        if isinstance(one, Mapping)
    ]
    return table(
        ("fold", "test rows", *(dict(_MEASURES).get(key, key.replace("_", " ")) for key in keys)), rows, numeric_from=1
    )
