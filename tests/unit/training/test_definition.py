"""Declared segmenters: the shipped files are right, and wrong ones are refused in a sentence."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import pytest
import yaml
from toy_training import RESPONDERS, TIERS

from strata.errors import DefinitionInvalid
from training.definition import list_definitions, load_definition


def _write(folder: Path, document: dict[str, Any]) -> Path:
    (folder / f"{document['name']}.yaml").write_text(yaml.safe_dump(document), encoding="utf-8")
    return folder


def _classes(*below: float | None) -> list[dict[str, Any]]:
    return [{"key": f"c{i}", "label": "C", "description": "", "below": edge} for i, edge in enumerate(below)]


def _of_classes() -> dict[str, Any]:
    """The responders by how often they come, without what only bands have."""
    algorithm = {key: value for key, value in RESPONDERS["algorithm"].items() if key != "bands"}
    label = {**RESPONDERS["label"], "classes": _classes(5, 9, None)}
    kept = {key: value for key, value in RESPONDERS.items() if key != "baseline"}
    return {**kept, "algorithm": algorithm, "label": label, "fallback": [label["classes"][0]["key"]]}


def _axes(**features: str) -> dict[str, Any]:
    """The toy's clusters with one feature more on some axes."""
    section = copy.deepcopy(TIERS["algorithm"])
    for axis, feature in features.items():
        section["axes"][axis]["features"].append(feature)  # type: ignore[index]
    return section  # type: ignore[return-value]


@pytest.mark.parametrize("name", list_definitions())
def test_shipped_segmenters_are_valid(name: str) -> None:
    """Each file under training/segmenters loads, and its fallback is one of its segments."""
    definition = load_definition(name)
    assert set(definition.fallback) <= set(definition.segment_keys)


def test_both_of_the_demonstrations_segmenters_ship() -> None:
    """The names the settings serve by default are declared."""
    assert list_definitions() == ["promo_responder", "value_tiers"]


def test_an_unknown_name_lists_the_declared_ones() -> None:
    """The sentence helps whoever mistyped."""
    with pytest.raises(DefinitionInvalid, match="promo_responder, value_tiers"):
        load_definition("value_tier")


@pytest.mark.parametrize(
    ("document", "change", "sentence"),
    [
        (TIERS, {"surprise": 1}, "surprise: is not a key of a segmenter"),
        (
            TIERS,
            {"prepare": {"mising": "median"}},
            "prepare.mising: is not a key of a segmenter; did you mean missing?",
        ),
        (
            TIERS,
            {"prepare": {"categories": "hashed", "buckets": 4096}},
            "prepare.buckets: 2,048 are the most, since a package holds a number for each",
        ),
        (TIERS, {"fallback": ["nobody"]}, "fallback names no segment of this file: nobody"),
        (TIERS, {"label": {"event_type": "x", "horizon_days": 1}}, "label and split belong to a supervised"),
        (RESPONDERS, {"label": None}, "label and split belong to a supervised"),
        (TIERS, {"algorithm": {**TIERS["algorithm"], "k_range": [1, 9]}}, "k_range needs 2"),
        (TIERS, {"algorithm": {**TIERS["algorithm"], "kind": "magic"}}, "algorithm"),
        (RESPONDERS, {"label": {**RESPONDERS["label"], "measure": "days"}}, "measure is what classes are cut by"),
        (RESPONDERS, {"label": {**RESPONDERS["label"], "classes": _classes(5, None)}}, "classes are three or more"),
        (RESPONDERS, {"label": {**RESPONDERS["label"], "classes": _classes(5, 5, None)}}, "below should rise"),
        (
            RESPONDERS,
            {"label": {**RESPONDERS["label"], "classes": _classes(5, None, 9)}},
            "the last takes what is left",
        ),
        (RESPONDERS, {"label": {**RESPONDERS["label"], "classes": _classes(5, 9, None)}}, "one of them"),
        (
            RESPONDERS,
            {"judge": {"protected": [{"feature": "v:age", "edgs": [25]}]}},
            "judge.protected.0.edgs: is not a key of a segmenter; did you mean edges?",
        ),
        (RESPONDERS, {"judge": {"protected": [{"feature": "v:age", "edges": [45, 25]}]}}, r"rise \(45, 25 do not\)"),
        (RESPONDERS, {"judge": {"protected": [{"feature": "v:age", "edges": [25, 25]}]}}, r"rise \(25, 25 do not\)"),
        (
            RESPONDERS,
            {"judge": {"protected": [{"feature": "v:age", "edges": [1, float("nan")]}]}},
            "should be a finite",
        ),
        (RESPONDERS, {"judge": {"protected": [{"feature": "v:age", "edges": []}]}}, "edges: .* at least 1 item"),
        (RESPONDERS, {"judge": {"protected": [{"feature": "v:age", "edges": ["old"]}]}}, "edges.0: .* valid number"),
        (RESPONDERS, {"judge": {"protected": [{"edges": [25]}]}}, "judge.protected.0.feature: field required"),
        (RESPONDERS, {"judge": {"protected": ["v:age", {"feature": "v:age"}]}}, "protected names v:age twice"),
        (RESPONDERS, {"algorithm": {**RESPONDERS["algorithm"], "parameters": {"num_leafs": 4}}}, "num_leafs"),
        (RESPONDERS, {"algorithm": "lightgbm"}, "algorithm: is a section: kind, and the keys of that algorithm"),
        (RESPONDERS, {"algorithm": {**RESPONDERS["algorithm"], "kind": "LightGBM"}}, "kind 'LightGBM' is no algorithm"),
        (RESPONDERS, {"gates": {"roc_auc": float("nan")}}, "gates.roc_auc.at_least: input should be a finite number"),
        (RESPONDERS, {"gates": {"roc_auc": True}}, "roc_auc is True; a gate is a number"),
        (RESPONDERS, {"gates": {"roc_auc": "high"}}, "roc_auc is 'high'; a gate is a number"),
        (RESPONDERS, {"seed": -1}, "seed: input should be greater than or equal to 0"),
        (RESPONDERS, {"seed": 2**70}, "seed: input should be less than or equal to"),
        (
            RESPONDERS,
            {"split": {**RESPONDERS["split"], "train_dates": 10**9}},
            "split.train_dates: input should be less",
        ),
        (RESPONDERS, {"label": {**RESPONDERS["label"], "horizon_days": 10**12}}, "horizon_days: input should be less"),
        (RESPONDERS, {"judge": {"drift_windows": 2}}, "judge.drift_windows: nothing of lightgbm, which learns labels"),
        (RESPONDERS, {"prepare": {"derive": [{"kind": "rfm"}]}}, "expected tags: 'rfm_scores', 'engagement', 'propens"),
        (TIERS, {"algorithm": {**TIERS["algorithm"], "starts": 10**9}}, "algorithm.starts: input should be less"),
        (_of_classes(), {"baseline": RESPONDERS["baseline"]}, "baseline: nothing of lightgbm, which learns classes"),
        (TIERS, {"judge": {"protected": ["toy:spend"]}}, "judge.protected: nothing of kmeans, which finds clusters"),
        (TIERS, {"judge": {"prune": True}, "balance": "smote"}, "balance, judge.prune: nothing of kmeans"),
        (TIERS, {"tune": {"trials": 1, "parameters": {"starts": {"low": 1, "high": 2}}}}, "tune: nothing of kmeans"),
        (TIERS, {"algorithm": _axes(basket="toy:spend")}, "lies on one axis, once, and toy:spend is named again"),
    ],
)
def test_a_wrong_file_is_refused(
    tmp_path: Path, document: dict[str, Any], change: dict[str, Any], sentence: str
) -> None:
    """Unknown keys, dangling names and impossible ranges each get a sentence that names the place."""
    changed = copy.deepcopy(document) | change
    with pytest.raises(DefinitionInvalid, match=sentence) as caught:
        load_definition(changed["name"], _write(tmp_path, changed))
    assert "\n" not in str(caught.value)


def test_a_protected_attribute_is_its_name_or_has_edges(tmp_path: Path) -> None:
    """A plain string beside one with bands of its own; edges may be of any sign."""
    protected = ["v:town", {"feature": "v:age", "edges": [-1, 25, 45.5]}]
    document = {**RESPONDERS, "judge": {"protected": protected}}
    found = load_definition(document["name"], _write(tmp_path, document)).judge.protected
    assert [(each.feature, each.edges) for each in found] == [("v:town", None), ("v:age", (-1.0, 25.0, 45.5))]


def test_bands_need_exactly_one_rule_each() -> None:
    """The last band takes the rest; every other one says how its threshold is chosen."""
    document = copy.deepcopy(RESPONDERS)
    document["algorithm"]["bands"][0]["recall_at_least"] = 0.5  # type: ignore[index]
    from training.definition import Definition

    with pytest.raises(ValueError, match="precision_at_least or recall_at_least, not both"):
        Definition.model_validate(document)


def test_text_that_is_not_yaml_is_refused(tmp_path: Path) -> None:
    """A broken file names itself."""
    (tmp_path / "broken.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(DefinitionInvalid, match=r"broken\.yaml is not YAML"):
        load_definition("broken", tmp_path)


def test_a_key_that_is_written_twice_is_refused(tmp_path: Path) -> None:
    """Of two groups of gates YAML takes the last, and the first would go unheeded without a word."""
    text = yaml.safe_dump(TIERS) + "gates: {silhouette: 0.9}\n"
    (tmp_path / "toy_tiers.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionInvalid, match=rf"gates is written twice.*line {text.count(chr(10))}"):
        load_definition("toy_tiers", tmp_path)


@pytest.mark.parametrize("text", ["", "- a\n", "5", "[" * 5_000, "? [a]\n: 1\n", "name: \0"])
def test_a_file_that_holds_no_segmenter_is_refused(tmp_path: Path, text: str) -> None:
    """Whatever else it holds: one sentence that names the file."""
    (tmp_path / "odd.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(DefinitionInvalid, match=r"^odd\.yaml") as caught:
        load_definition("odd", tmp_path)
    assert "\n" not in str(caught.value)
