"""What was done to the rows before and while learning: preparation, balance, search, and checks for leaks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from training.report.figures.balance import balance_picture
from training.report.figures.learning import tuning_picture
from training.report.html import Html, code, folded, joined, part, section, sentences, table, tag, verdict
from training.report.judged import Judged
from training.report.numbers import number, percent, spread
from training.report.picture import pictures

_BRIERS: Final = ("as learned", "base rate put right", "recalibrated")


def care_section(judged: Judged) -> Html:
    """Each part that the evaluation tells of."""
    details = judged.details
    return section(
        "How it was made",
        part("Rows", _rows(details.get("rows"))),
        part("Preparation", _preparation(details.get("preparation") or {})),
        part("The rare class", _balance(details)),
        part("Adjustment of probabilities", _adjustment(details.get("adjustment") or {})),
        part("Search for parameters", _tuning(details.get("tuning") or {})),
        part("Checks for leaks", _leaks(details)),
        part("To be known", sentences(details.get("notes", ()))),
        identity="made",
    )


def _rows(found: Any) -> Html:
    if found is None:
        return Html("")
    parts = found if isinstance(found, Mapping) else {"all": found}
    return table(("part", "rows"), [(name, f"{count:,}") for name, count in parts.items()], numeric_from=1)


def counted_out(preparation: Mapping[str, Any]) -> list[tuple[str, int]]:
    """What was found in the rows and, but for duplicates that a file keeps, left out of them."""
    kept = preparation.get("duplicates_dropped") is False
    named = (
        ("duplicates", "duplicate rows, kept" if kept else "duplicate rows left out"),
        ("excluded", "rows left out for missing values"),
    )
    return [(name, preparation[key]) for key, name in named if preparation.get(key) is not None]


def _preparation(found: Mapping[str, Any]) -> Html:
    counts = [(name.capitalize(), f"{count:,}") for name, count in counted_out(found)]
    outside = [
        (code(one["feature"]), f"{one['rows']:,}", str(one.get("allowed", ""))) for one in found.get("inconsistent", ())
    ]
    missing = [
        (code(one["feature"]), percent(one.get("share")), str(one.get("how", ""))) for one in found.get("missing", ())
    ]
    columns = found.get("columns", ())
    listed = tag("p", joined(joined((code(each), " ")) for each in columns)) if columns else Html("")
    return joined(
        (
            sentences([*found.get("warnings", ()), *found.get("notes", ())]),
            table(("", "rows"), counts, numeric_from=1),
            table(("inconsistent", "rows", "allowed"), outside),
            table(("missing", "share", "what was done"), missing),
            folded(f"The {len(columns)} columns the model reads", listed),
        )
    )


def _balance(details: Mapping[str, Any]) -> Html:
    found = details.get("balance") or ()
    ways, warnings = (found.get("ways", ()), found.get("warnings", ())) if isinstance(found, Mapping) else (found, ())
    keys = ("roc_auc", "average_precision", "brier_before", "brier_prior", "brier_after")
    rows = [
        (one["way"], *(spread(one.get(key), 4) for key in keys), "chosen" if one.get("chosen") else "") for one in ways
    ]
    header = ("way", "ROC AUC", "average precision", *(f"Brier, {each}" for each in _BRIERS), "")
    warned = [str(one["warning"]) for one in ways if one.get("warning")]
    return joined((sentences([*warnings, *warned]), pictures(balance_picture(ways)), table(header, rows, 1)))


def _adjustment(found: Mapping[str, Any]) -> Html:
    shown = [
        (name, found.get(key))
        for key, name in (("log_loss_before", "log loss, as learned"), ("log_loss_after", "log loss, adjusted"))
    ]
    rows = [(name, number(value)) for name, value in shown if value is not None]
    if found.get("scale") is not None:
        rows.append(("scale of log-odds", number(found["scale"])))
    if found.get("shifts"):
        rows.append(("shift of each class", ", ".join(number(each) for each in found["shifts"])))
    return table(("on the test rows", ""), rows)


def _tuning(found: Mapping[str, Any]) -> Html:
    if not found:
        return Html("")
    best = found.get("best")
    reached = "" if best is None else f"; the best reached {found.get('metric', '')} {best:.4f} on validation folds"
    said = f"{found.get('trials', 0)} trials{reached}."
    chosen = [(code(name), number(value)) for name, value in (found.get("parameters") or {}).items()]
    history = [
        (str(place + 1), number(one.get("value") if isinstance(one, Mapping) else one), _parameters(one))
        for place, one in enumerate(found.get("history", ()))
    ]
    trials = table(("trial", "quality", "parameters"), history, numeric_from=99)
    return joined(
        (
            tag("p", said),
            pictures(tuning_picture(found)),
            table(("parameter", "chosen"), chosen, numeric_from=1),
            folded("Every trial", trials),
        )
    )


def _parameters(trial: Any) -> str:
    tried = trial.get("parameters") if isinstance(trial, Mapping) else None
    return ", ".join(f"{name} {number(value)}" for name, value in (tried or {}).items())


def _leaks(details: Mapping[str, Any]) -> Html:
    rows = [
        (one["check"], verdict(bool(one.get("passed")), "found"), str(one.get("statement", "")))
        for one in details.get("leaks", ())
    ]
    guard = details.get("leak_guard")
    return joined((tag("p", guard) if guard else "", table(("check", "", ""), rows)))
