"""What the model looks at, and what pruning did."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from training.report.figures.importance import importances_picture, permutation_picture, shap_picture
from training.report.figures.shap_classes import class_shap_picture
from training.report.html import Html, code, folded, joined, part, section, table, tag
from training.report.judged import Judged
from training.report.numbers import spread
from training.report.picture import Picture, pictures


def importance_section(judged: Judged) -> Html:
    """Contributions, losses by shuffling, the cloud of single contributions; all features in a table."""
    details = judged.details
    found, lost = details.get("importances"), details.get("permutation")
    return section(
        "What it looks at",
        pictures(
            importances_picture(found) if found else None,
            permutation_picture(lost) if lost else None,
            _contributions(details.get("shap") or {}, judged.labels),
        ),
        part("Every feature that moves a class", _moved(details.get("shap") or {}, judged.labels)),
        part("Every feature that was shuffled", _losses(lost or ())),
        part("Features left out because they do not pay", _pruning(details.get("pruning") or {})),
        identity="features",
    )


def _contributions(found: Mapping[str, Any], labels: Mapping[str, str]) -> Picture | None:
    return class_shap_picture(found, labels) if "classes" in found else shap_picture(found)


def _moved(found: Mapping[str, Any], labels: Mapping[str, str]) -> Html:
    """Which class each feature moves most; nothing of two classes."""
    features = found["features"] if "classes" in found else ()
    rows = [
        (code(one["feature"]), labels.get(one["most"], one["most"]), f"{one['mean_abs']:.3f}")
        for one in features
    ]  # fmt: skip
    header = ("feature", "moves most", "on all classes together")
    return folded(f"{len(rows)} features", table(header, rows, numeric_from=2))


def _losses(lost: Sequence[Mapping[str, Any]]) -> Html:
    rows = [(code(one["feature"]), spread(one.get("drop"), 4)) for one in lost]
    return folded(f"{len(rows)} features", table(("feature", "loss (95 %)"), rows, numeric_from=1))


def _pruning(found: Mapping[str, Any]) -> Html:
    if not found:
        return Html("")
    left_out, kept = found.get("left_out", ()), found.get("kept", ())
    why = tag("p", found["statement"]) if found.get("statement") else ""
    rows = [("all features", spread(found.get("before"))), ("without them", spread(found.get("after")))]
    named = joined(joined((code(each), " ")) for each in left_out)
    said = tag("p", f"{len(left_out)} left out, {len(kept)} kept. ", named)
    return joined((why, said, table(("", "quality"), rows, numeric_from=1)))
