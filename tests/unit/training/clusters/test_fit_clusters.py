"""From rows to named segments and their evaluation, for clusters with and without noise."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from sklearn.metrics import silhouette_score
from toy_training import KEYS, NOW_US, TIERS, USERS, ToyReader, toy_definition

from strata.errors import InputInvalid
from strata.events import DAY_US
from training.clusters.cards import plain_name
from training.clusters.fit import fit_clusters
from training.clusters.fitted import FittedClusters
from training.definition import Definition, Gate
from training.rows import EarlierRows, Floats, Part, TrainingRows
from training.sections import ClusterSection

NOISY = 24


def _definition(kind: str = "kmeans", **keys: Any) -> Definition:
    return toy_definition(TIERS, algorithm={**TIERS["algorithm"], "kind": kind, **keys}, gates={})  # type: ignore[dict-item]


def _values(at_us: int = NOW_US) -> Floats:
    return ToyReader().matrix("toy", USERS, np.full(len(USERS), at_us))


def _with_odd_users(values: Floats) -> Floats:
    """The last users are like nobody: anything from the lowest to the highest of every feature."""
    low, high = np.nanmin(values, axis=0), np.nanmax(values, axis=0)
    out = values.copy()
    out[-NOISY:] = np.random.default_rng(6).uniform(low, high, (NOISY, values.shape[1]))
    return out


def _fit(definition: Definition, values: Floats, earlier: tuple[EarlierRows, ...] = ()) -> FittedClusters:
    rows = TrainingRows(ToyReader().schema("toy"), Part(values, np.zeros(len(values), dtype=np.int8)), earlier=earlier)
    section = definition.algorithm
    assert isinstance(section, ClusterSection)
    return fit_clusters(definition, section, rows)


def test_every_detail_is_there_and_is_json() -> None:
    """The keys the page draws; sizes add up; cards and traits for each segment; no number is NaN."""
    fitted = _fit(_definition(), _values())
    evaluation = fitted.evaluate()
    details = json.loads(json.dumps(evaluation.details, allow_nan=False))
    assert set(details) == {
        "kind", "algorithm", "rows", "preparation", "candidates", "chosen_by", "sizes", "noise", "profile", "axes",
        "map", "telling", "cards", "windows", "notes",
    }  # fmt: skip
    keys = [entry.key for entry in fitted.export().vocabulary]
    assert list(details["sizes"]) == list(details["cards"]) == list(details["telling"]) == list(details["axes"]) == keys
    assert sum(details["sizes"].values()) == details["rows"] == len(USERS)
    assert details["noise"] is None
    assert [set(one) for one in details["candidates"]] == [
        {
            "k", "silhouette", "davies_bouldin", "calinski_harabasz", "stability", "stability_low", "smallest_share",
        }
    ] * 2  # fmt: skip
    assert {one["feature"] for one in details["telling"][keys[0]]} == set(KEYS)
    assert details["map"]["method"] == "pca"
    assert 0 < details["map"]["variance"] <= 1
    assert evaluation.metrics["segments"] == len(keys)
    assert all(np.isfinite(value) for value in evaluation.metrics.values())


def test_noise_is_a_segment_of_its_own() -> None:
    """Last in the vocabulary, with a fixed text, in sizes and profile, out of the shares a gate looks at."""
    fitted = _fit(_definition("hdbscan", min_cluster_share=0.1), _with_odd_users(_values()))
    vocabulary = fitted.export().vocabulary
    assert [entry.key for entry in vocabulary][-1] == "unassigned"
    assert vocabulary[-1].description == "Like no group of users: too few others are similar."
    evaluation = fitted.evaluate()
    details = evaluation.details
    assert details["noise"] == "unassigned"
    assert NOISY / 2 < details["sizes"]["unassigned"] < 3 * NOISY
    assert details["profile"][0]["unassigned"] is not None
    clusters = [size for key, size in details["sizes"].items() if key != "unassigned"]
    assert evaluation.metrics["smallest_share"] == pytest.approx(min(clusters) / len(USERS))
    assert evaluation.metrics["noise_share"] == pytest.approx(details["sizes"]["unassigned"] / len(USERS))
    assert evaluation.metrics["segments"] == len(clusters)
    assert any("belong to no group" in sentence for sentence in evaluation.headline)


def test_the_baseline_is_of_the_users_and_the_feature_it_says() -> None:
    """Bands of the first axis' last feature, cut and judged without those who belong to no group."""
    values = _with_odd_users(_values())
    fitted = _fit(_definition("hdbscan", min_cluster_share=0.1), values)
    evaluation = fitted.evaluate()
    (axis, *_) = fitted.section.axes.values()
    inside = fitted.found.labels != fitted.found.noise
    column = np.nan_to_num(values[inside, KEYS.index(axis.features[-1])])
    bands = column.argsort(kind="stable").argsort(kind="stable") * fitted.choice.candidate.k // len(column)
    own = silhouette_score(fitted.preparation.training[inside], bands)
    assert evaluation.metrics["baseline_silhouette"] == pytest.approx(own)
    assert any(f"bands by {plain_name(axis.features[-1])} alone" in sentence for sentence in evaluation.headline)


def test_noise_may_have_another_text_and_be_the_fallback() -> None:
    """The file says which; the key is one of the segmenter's."""
    text = {"key": "odd_ones", "label": "Odd ones", "description": "Like nobody else."}
    definition = _definition("hdbscan", noise=text).model_copy(update={"fallback": ("odd_ones",)})
    assert "odd_ones" in definition.segment_keys
    fitted = _fit(definition, _with_odd_users(_values()))
    assert definition.fallback_in([entry.key for entry in fitted.export().vocabulary]) == "odd_ones"


def test_a_count_the_data_decide_has_to_be_in_the_range() -> None:
    """Four groups, and at most three are asked for: a sentence with both numbers."""
    with pytest.raises(InputInvalid, match="hdbscan finds 4 groups, and k_range asks for 2 to 3"):
        _fit(_definition("hdbscan", k_range=[2, 3]), _values())


def test_a_gate_on_the_smallest_share_is_part_of_the_choice() -> None:
    """Four groups of a quarter each: none has three tenths, and the reason says so; the gate then has its say."""
    definition = _definition().model_copy(update={"gates": {"smallest_share": Gate(at_least=0.3)}})
    assert "with no segment under 30% of the users" in _fit(definition, _values()).choice.chosen_by[0]
    assert "no segment under 1% of the users" in _fit(_definition(), _values()).choice.chosen_by[0]


def test_too_few_users_are_said_to_be_too_few() -> None:
    """Before any fit."""
    with pytest.raises(InputInvalid, match="39 users are too few for 4 segments"):
        _fit(_definition(), _values()[:39])


def test_earlier_instants_are_compared() -> None:
    """The worst agreement is a metric a gate may name; an instant with too few users is a note, not an error."""
    places = np.arange(200)
    before = tuple(
        EarlierRows(NOW_US - back * DAY_US, _values(NOW_US - back * DAY_US)[:users], places[:users])
        for back, users in ((14, 200), (28, 200), (42, 3))
    )
    evaluation = _fit(_definition(), _values(), before).evaluate()
    windows = evaluation.details["windows"]
    assert [window["as_of"][:10] for window in windows] == ["2017-11-13", "2017-10-30"]
    assert all(window["agreement"] > 0.9 for window in windows)
    assert evaluation.metrics["window_agreement"] == min(window["agreement"] for window in windows)
    assert any("2017-10-16 was not compared" in note for note in evaluation.details["notes"])


def test_names_do_not_depend_on_the_way_users_are_read() -> None:
    """Found in z-scores instead of ranks, the same groups have the same names."""
    ranks = _fit(_definition(), _values())
    scores = _fit(
        _definition().model_copy(update={"prepare": type(_definition().prepare)(scale="zscore", missing="median")}),
        _values(),
    )
    assert ranks.preparation.training.tolist() != scores.preparation.training.tolist()
    assert scores.keys == ranks.keys
    assert (scores.today.segment_indexes == ranks.today.segment_indexes).mean() > 0.9
