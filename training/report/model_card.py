"""model_card.md: what a version is for, how good it is and where it should not be used.

The sections of Mitchell et al., "Model Cards for Model Reporting" (2019), under the head that Hugging Face reads.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, Final

from training.report.judged import Judged
from training.report.markdown import bullets, code, plain, table
from training.report.metrics import metrics_with_intervals, told
from training.report.numbers import percent, spread
from training.report.sections.care import counted_out


def model_card(judged: Judged) -> str:
    """The card. The same evaluation gives the same text; sections that have nothing to tell say so."""
    lines = [*_head(judged), f"# {plain(judged.manifest.segmenter)} {judged.manifest.version}", ""]
    for title, build in _SECTIONS:
        lines += [f"## {title}", "", *build(judged), ""]
    return _without_doubled_blanks(lines)


def _head(judged: Judged) -> list[str]:
    """JSON strings are YAML strings."""
    tags = ["segmentation", "clustering" if judged.clustered else "propensity", judged.manifest.algorithm]
    return [
        "---",
        "library_name: strata",
        f"model_name: {json.dumps(judged.manifest.segmenter)}",
        f"pipeline_tag: {'other' if judged.clustered else 'tabular-classification'}",
        f"tags: {json.dumps(tags)}",
        "---",
        "",
    ]


def _details(judged: Judged) -> list[str]:
    manifest = judged.manifest
    facts = (
        plain(manifest.description),
        f"Version {code(manifest.version)}, made at {manifest.created_at} by {code(manifest.algorithm)}.",
        f"Reads {len(manifest.features)} features of the service {code(manifest.feature_service)}.",
        f"Answers with a segment and a score: {manifest.score_meaning.replace('_', ' ')}.",
    )
    rows = [(code(e.key), plain(e.label), plain(e.description), _size(judged, e.key)) for e in manifest.vocabulary]
    return [*bullets(facts), *table(("segment", "label", "meaning", "users"), rows)]


def _size(judged: Judged, key: str) -> str:
    size = judged.sizes.get(key)
    return "" if size is None else f"{size:,} ({percent(size / max(sum(judged.sizes.values()), 1), 0)})"


def _intended(judged: Judged) -> list[str]:
    said = [
        "To treat the users of one segment alike: what they are shown, offered or sent, and how many they are.",
        f"On users of the service {code(judged.manifest.feature_service)} whose features are kept current.",
    ]
    if not judged.clustered:
        said.append("To rank users by probability, where the score is a calibrated probability.")
    return bullets(said)


def _out_of_scope(judged: Judged) -> list[str]:
    return bullets(
        (
            "Decisions that a person is owed (credit, employment, insurance, housing, prices set for one person).",
            "Claims about why a user does something: a segment describes, it does not explain.",
            f"Users nothing is known about: they get {code(judged.manifest.fallback_segment)}, marked as fallback.",
            "Populations, markets or seasons that the data window below does not hold.",
        )
    )


def _data(judged: Judged) -> list[str]:
    window, details = judged.manifest.data_window, judged.details
    said = [f"Rows from {window.first} to {window.last}, as known at {window.as_of}."]
    rows = details.get("rows")
    if isinstance(rows, Mapping):
        said.append(", ".join(f"{plain(part)} {count:,}" for part, count in rows.items()) + " rows.")
    elif rows is not None:
        said.append(f"{rows:,} users.")
    if details.get("leak_guard"):
        said.append(plain(details["leak_guard"]))
    return [*bullets(said), *_preparation(details.get("preparation") or {})]


def _preparation(found: Mapping[str, Any]) -> list[str]:
    said = [f"{count:,} {name}." for name, count in counted_out(found) if count]
    said += [
        f"{code(each['feature'])}: {each['rows']:,} values outside its range." for each in _many(found, "inconsistent")
    ]
    rows = [
        (code(each["feature"]), percent(each.get("share")), plain(each.get("how", "")))
        for each in _many(found, "missing")
    ]
    return [*bullets(said), *table(("missing", "share", "what was done"), rows)]


def _many(found: Mapping[str, Any], key: str) -> list[Mapping[str, Any]]:
    return list(found.get(key) or ())


def _metrics(judged: Judged) -> list[str]:
    rows = [(code(name), told(name, found)) for name, found in metrics_with_intervals(judged)]
    folds = judged.details.get("folds") or {}
    rows += [
        (f"{code(key)} over {folds.get('n')} {plain(folds.get('kind', ''))} folds", spread(folds[key], 4))
        for key in folds
        if isinstance(folds[key], Mapping)
    ]
    rows += [
        (f"{code('roc_auc')} of {plain(one['name'])}", spread(one.get("roc_auc"), 4))
        for one in _many(judged.details, "baselines")
    ]
    return table(("metric", "value (95 % interval)"), rows) or ["None was measured."]


def _fairness(judged: Judged) -> list[str]:
    lines: list[str] = []
    for one in _many(judged.details, "fairness"):
        rows = [
            (plain(each["group"]), f"{each['rows']:,}", *(percent(each.get(rate)) for rate in ("rate", "tpr", "fpr")))
            for each in _many(one, "groups")
        ]
        lines += [
            f"### {plain(one['attribute'])}",
            "",
            plain(one.get("statement", "")),
            *table(("group", "rows", "chosen", "of its positives", "of its others"), rows),
            *bullets(
                f"{key.replace('_', ' ')}: {spread(one[key])}"
                for key in ("demographic_parity", "equalised_odds")
                if one.get(key) is not None
            ),
            "",
        ]
    return lines or ["No protected attribute was declared, so none was measured: this is not a finding of fairness."]


def _limits(judged: Judged) -> list[str]:
    details = judged.details
    balance = details.get("balance")
    said = [
        *_many(details, "notes"),
        *((details.get("preparation") or {}).get("warnings") or ()),
        *(balance.get("warnings", ()) if isinstance(balance, Mapping) else ()),
        *_missed(details, "gates", "Gate missed"),
        *_missed(details, "leaks", "Leak check"),
        "Figures are of the past: watch drift, and train again when it is found.",
        "Interactions of features with each other, and of segments with what is done to them, were not measured.",
    ]
    return bullets(plain(one) for one in said)


def _identity(judged: Judged) -> list[str]:
    found = judged.details.get("identity") or {}
    if found.get("previous") is None and found.get("reasons"):
        return bullets(plain(reason) for reason in found["reasons"])
    if found.get("previous") is None:
        return ["There is no version before this one that it was compared with."]
    moved = found.get("moved") or {}
    rows = [
        (code(each["key"]), plain(each["kind"]), plain(", ".join(each.get("from") or ())), percent(each.get("overlap")))
        for each in _many(found, "segments")
    ]
    said = [f"Compared with version {code(found['previous'])}."]
    if moved:
        said.append(f"{moved['users']:,} users ({percent(moved['share'])}) are in another segment now.")
    said += [plain(reason) for reason in found.get("reasons") or ()]
    return [*bullets(said), *table(("segment", "what it is", "from", "overlap"), rows)]


def _decision(judged: Judged) -> list[str]:
    details = judged.details
    reasons = [plain(one) for one in details.get("decision_reasons") or ()]
    rows = [
        (code(each["metric"]), *(plain(each.get(key, "")) for key in ("asked", "found")), _verdict(each))
        for each in _many(details, "gates")
    ]
    decided = f"**{plain(details.get('decision', 'not recorded'))}**"
    return [decided, "", *bullets(reasons), *table(("gate", "asked", "found", ""), rows)]


def _verdict(gate: Mapping[str, Any]) -> str:
    return "passed" if gate.get("passed") else "missed"


def _missed(found: Mapping[str, Any], key: str, what: str) -> list[str]:
    return [
        f"{what}: {each.get('statement') or each.get('metric') or each.get('check')}"
        for each in _many(found, key)
        if not each.get("passed")
    ]


def _reproduce(judged: Judged) -> list[str]:
    manifest = judged.manifest
    libraries = ", ".join(f"{plain(name)} {plain(version)}" for name, version in manifest.libraries.items())
    return [
        "```",
        judged.reproduce,
        "```",
        "",
        *bullets(
            (
                "The same history, code and seed give the same version.",
                f"Seed: {'not recorded' if judged.seed is None else judged.seed}.",
                f"Libraries: {libraries}.",
                f"Schema fingerprint: {code(manifest.schema_fingerprint)}.",
            )
        ),
    ]


_SECTIONS: Final[tuple[tuple[str, Callable[[Judged], list[str]]], ...]] = (
    ("Model details", _details),
    ("Intended use", _intended),
    ("Out of scope", _out_of_scope),
    ("Data", _data),
    ("Metrics", _metrics),
    ("Fairness", _fairness),
    ("Limits", _limits),
    ("Identity and lineage", _identity),
    ("Decision", _decision),
    ("How to reproduce", _reproduce),
)


def _without_doubled_blanks(lines: list[str]) -> str:
    kept = [line for line, before in zip(lines, ["x", *lines], strict=False) if line or before]
    return "\n".join(kept).rstrip() + "\n"
