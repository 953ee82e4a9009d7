"""What every algorithm must do, as checks that are given its kind. `CLUSTER_CHECKS` and `LABEL_CHECKS` list them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from algorithm_rows import (
    CENTRES,
    COLUMNS,
    GROUP,
    grouped_rows,
    package_of,
    section_for,
    segmenter_package,
    untidy_definition,
    untidy_rows,
    untidy_schema,
)  # fmt: skip
from kernels import forced

from strata.errors import InputInvalid, PackageInvalid
from strata.runtime.calibration import Platt
from strata.runtime.choice.engines import trees_of
from strata.runtime.package import Package
from strata.runtime.prepared import PreparedModel
from training.algorithms import cluster_algorithm, label_algorithm
from training.algorithms.port import Clusters, Exported, Floats, Scorer
from training.fitting import fit
from training.labels.curves import roc_auc
from training.rows import FeatureSchema, Part, TrainingRows
from training.sections import ClusterSection, LabelSection

PARITY = 1e-6


def clusters_are_repeatable(kind: str) -> None:
    """The same rows and seed give the same clusters, scores and document."""
    values, _ = grouped_rows()
    first, again = _clusters(kind, values), _clusters(kind, values)
    assert first.labels.tolist() == again.labels.tolist()
    order = list(range(first.count))
    assert _text(first.export(order)) == _text(again.export(order))


def clusters_are_the_groups(kind: str) -> None:
    """Three groups far apart are three clusters, numbered from 0, noise among them; its labels are what it assigns."""
    values, groups = grouped_rows()
    found = _clusters(kind, values)
    assert found.count == 3 + (found.noise is not None)
    assert set(found.labels.tolist()) <= set(range(found.count))
    assert found.assign(values).segment_indexes.tolist() == found.labels.tolist()
    for group in range(3):
        members = found.labels[groups == group]
        usual = int(np.bincount(members).argmax())
        assert (members == usual).mean() > 0.9
        assert not (found.labels[groups != group] == usual).any()


def clusters_place_new_rows(kind: str) -> None:
    """In the middle of a group it belongs where the group does; far away from all it is noise where there is any."""
    values, _ = grouped_rows()
    found = _clusters(kind, values)
    usual = [int(np.bincount(part).argmax()) for part in found.labels.reshape(3, GROUP)]
    placed = found.assign(CENTRES)
    assert placed.segment_indexes.tolist() == usual
    assert ((placed.scores >= 0) & (placed.scores <= 1)).all()
    if found.noise is not None:
        assert found.assign(np.full((1, COLUMNS), 50.0)).segment_indexes.tolist() == [found.noise]


def clusters_are_exported(kind: str) -> None:
    """The package answers as the library: on its own rows, on new ones, one at a time; in the vocabulary's order."""
    values, _ = grouped_rows()
    found = _clusters(kind, values)
    order = [*range(1, found.count), 0]
    package = package_of(found.export(order), found.count, found.score_meaning)
    rng = np.random.default_rng(5)
    _compare(package, np.concatenate([values, rng.uniform(-0.5, 1.5, (300, COLUMNS))]), found, order)


def clusters_survive_a_constant_column(kind: str) -> None:
    """It tells nobody apart, and breaks nothing."""
    values, groups = grouped_rows(constant=True)
    found = _clusters(kind, values)
    assert len({int(np.bincount(found.labels[groups == g]).argmax()) for g in range(3)}) == 3
    order = list(range(found.count))
    _compare(package_of(found.export(order), found.count, found.score_meaning), values, found, order)


def clusters_refuse_another_width(kind: str) -> None:
    """Rows of another number of columns are refused by the library, by the package, and by who reads the document."""
    values, _ = grouped_rows()
    found = _clusters(kind, values)
    with pytest.raises(ValueError, match=r"."):
        found.assign(values[:, :-1])
    _refuses_another_width(found.export(list(range(found.count))), found.count, found.score_meaning)


def clusters_refuse_equal_rows(kind: str) -> None:
    """Rows that are all the same carry no clusters: a sentence, not a warning."""
    with pytest.raises(InputInvalid, match=r"clusters|group|segments"):
        _clusters(kind, np.full((60, COLUMNS), 0.5))


def scores_are_repeatable(kind: str) -> None:
    """The same rows and seed give the same scores and document."""
    values, groups = grouped_rows()
    first, again = _scorer(kind, values, groups == 1), _scorer(kind, values, groups == 1)
    assert first.raw(values).tolist() == again.raw(values).tolist()
    assert _text(first.export()) == _text(again.export())


def scores_rank_new_rows(kind: str) -> None:
    """Rows it never saw: those of the positive group are above the others."""
    values, groups = grouped_rows()
    new, theirs = grouped_rows(seed=11)
    raw = _scorer(kind, values, groups == 1).raw(new)
    assert raw.shape == (len(new),)
    assert roc_auc((theirs == 1).astype(np.int8), raw) > 0.98


def scores_are_exported(kind: str) -> None:
    """Two classes: the package's calibrated probability is that of the library's raw score."""
    values, groups = grouped_rows()
    scorer = _scorer(kind, values, groups == 1)
    rows = np.concatenate([values, np.random.default_rng(5).uniform(-0.5, 1.5, (300, COLUMNS))])
    probability = Platt(1.0, 0.0).apply(scorer.raw(rows))
    threshold = float(np.median(probability[probability > probability.min()])) + 1e-9
    answered = _two_class_package(scorer, threshold).score(rows)
    assert answered.segment_indexes.tolist() == (probability >= threshold).astype(int).tolist()
    np.testing.assert_allclose(answered.scores, probability, atol=PARITY)


def class_scores_are_exported(kind: str) -> None:
    """Three classes: the package's likeliest class and its probability are the library's."""
    values, groups = grouped_rows()
    scorer = _scorer(kind, values, groups, classes=3)
    rows = np.concatenate([values, np.random.default_rng(5).uniform(-0.5, 1.5, (300, COLUMNS))])
    probabilities = scorer.raw(rows)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0, atol=1e-9)
    exported = scorer.export()
    whole = Exported({**exported.model, "classes": [2, 0, 1]}, exported.files)
    answered = package_of(whole, 3, "posterior").score(rows)
    assert answered.segment_indexes.tolist() == np.array([2, 0, 1])[probabilities.argmax(axis=1)].tolist()
    np.testing.assert_allclose(answered.scores, probabilities.max(axis=1), atol=PARITY)


def scores_survive_a_constant_column(kind: str) -> None:
    """It explains nothing, and breaks nothing."""
    values, groups = grouped_rows(constant=True)
    raw = _scorer(kind, values, groups == 1).raw(values)
    assert roc_auc((groups == 1).astype(np.int8), raw) > 0.98


def scores_read_missing_values_as_they_say(kind: str) -> None:
    """Where `reads_missing`: a row with nothing in it has a score, in the package the same one."""
    values, groups = grouped_rows()
    if not label_algorithm(_label_section(kind)).reads_missing:
        return
    values[::5, 0] = np.nan
    scorer = _scorer(kind, values, groups == 1)
    nothing = np.full((1, COLUMNS), np.nan)
    ours = _two_class_package(scorer, 0.5, missing=True).score(nothing)
    np.testing.assert_allclose(ours.scores, Platt(1.0, 0.0).apply(scorer.raw(nothing)), atol=PARITY)


def scores_weigh_rows(kind: str) -> None:
    """Weights matter: where the positive rows weigh a hundred times as much, doubtful rows score higher."""
    rng = np.random.default_rng(8)
    values = rng.normal(0.5, 0.2, (240, COLUMNS))
    labels = (values[:, 0] + rng.normal(0, 0.3, 240) > 0.7).astype(np.int8)
    algorithm, section = label_algorithm(_label_section(kind)), _label_section(kind)
    plain = algorithm.fit(values, labels, None, section, classes=2, seed=7)
    heavy = algorithm.fit(values, labels, np.where(labels == 1, 100.0, 1.0), section, classes=2, seed=7)
    assert heavy.raw(values).mean() > plain.raw(values).mean()


def scores_refuse_another_width(kind: str) -> None:
    """Rows of another number of columns are refused by the package, and by who reads the document."""
    values, groups = grouped_rows()
    scorer = _scorer(kind, values, groups == 1)
    _refuses_another_width(_decided(scorer, 0.5), 2, "calibrated_probability")


def forests_are_summed_by_bins(kind: str) -> None:
    """Trees, where they are what is exported, have no more thresholds than the kernel's sooner way takes, of many rows
    that are all different too."""
    rng = np.random.default_rng(6)
    values = rng.normal(size=(1_500, COLUMNS))
    drawn = values[:, 0] + rng.normal(size=len(values))
    values[rng.random(values.shape) < 0.1] = np.nan
    if not label_algorithm(_label_section(kind)).reads_missing:
        return
    with forced("native"):
        model = _two_class_package(_scorer(kind, values, drawn > 0), 0.5, missing=True).model
    assert isinstance(model, PreparedModel)
    trees = trees_of(model.inner)
    assert trees is None or (trees.booster.native is not None and trees.booster.native.by_bins)


def contributions_add_up(kind: str) -> None:
    """SHAP values where there are any: a row's add up to its raw score."""
    values, groups = grouped_rows()
    scorer = _scorer(kind, values, groups == 1)
    found = scorer.contributions(values)
    if found is not None:
        assert found.shape == (len(values), COLUMNS + 1)
        np.testing.assert_allclose(found.sum(axis=1), scorer.raw(values), atol=1e-5)


def a_segmenter_survives_untidy_rows(kind: str) -> None:
    """Through the preparation: holes, a constant column, one half missing, a row of nothing, a category no row had.

    The package answers each as the library does, with a segment of its vocabulary and a finite score."""
    values, groups = untidy_rows()
    definition, schema = untidy_definition(kind), untidy_schema()
    fitted = fit(definition, _parts(schema, values, groups, definition.supervised))
    export = fitted.export()
    strange = np.full((3, len(schema.features)), np.nan)
    strange[1], strange[2, -1] = values[0], 3.0
    strange[1, -1] = 3.0
    rows = np.concatenate([values, untidy_rows(seed=12)[0], strange])
    ours, theirs = segmenter_package(schema, export).score(rows), fitted.answers(rows)
    assert ours.segment_indexes.tolist() == theirs.segment_indexes.tolist()
    np.testing.assert_allclose(ours.scores, theirs.scores, atol=PARITY)
    assert np.isfinite(ours.scores).all()
    assert ours.segment_indexes.max() < len(export.vocabulary)


CLUSTER_CHECKS = (
    clusters_are_repeatable, clusters_are_the_groups, clusters_place_new_rows, clusters_are_exported,
    clusters_survive_a_constant_column, clusters_refuse_another_width, clusters_refuse_equal_rows,
    a_segmenter_survives_untidy_rows,
)  # fmt: skip
LABEL_CHECKS = (
    scores_are_repeatable, scores_rank_new_rows, scores_are_exported, class_scores_are_exported,
    scores_survive_a_constant_column, scores_read_missing_values_as_they_say, scores_weigh_rows,
    scores_refuse_another_width, contributions_add_up, forests_are_summed_by_bins, a_segmenter_survives_untidy_rows,
)  # fmt: skip


def _clusters(kind: str, values: Floats) -> Clusters:
    section = section_for(kind)
    assert isinstance(section, ClusterSection)
    return cluster_algorithm(section).fit(values, section, count=3, seed=7)


def _parts(schema: FeatureSchema, values: Floats, groups: np.ndarray, supervised: bool) -> TrainingRows:
    """Every row a row to learn from; for labels, other rows of the same groups to calibrate and to judge."""
    if not supervised:
        return TrainingRows(schema, Part(values, np.zeros(len(values), dtype=np.int8)))
    parts = [Part(rows, (theirs == 1).astype(np.int8)) for rows, theirs in (untidy_rows(seed=s) for s in (4, 5))]
    return TrainingRows(schema, Part(values, (groups == 1).astype(np.int8)), *parts)


def _label_section(kind: str) -> LabelSection:
    section = section_for(kind)
    assert isinstance(section, LabelSection)
    return section


def _scorer(kind: str, values: Floats, labels: np.ndarray, classes: int = 2) -> Scorer:
    section = _label_section(kind)
    return label_algorithm(section).fit(values, labels.astype(np.int8), None, section, classes=classes, seed=7)


def _decided(scorer: Scorer, threshold: float) -> Exported:
    exported = scorer.export()
    decision = {"calibration": Platt(1.0, 0.0).to_json(), "thresholds": [threshold], "bands": [0, 1]}
    return Exported({**exported.model, **decision}, exported.files)


def _two_class_package(scorer: Scorer, threshold: float, *, missing: bool = False) -> Package:
    return package_of(_decided(scorer, threshold), 2, "calibrated_probability", missing=missing)


def _compare(package: Package, rows: Floats, found: Clusters, order: list[int]) -> None:
    theirs, ours = found.assign(rows), package.score(rows)
    assert ours.segment_indexes.tolist() == np.array(order)[theirs.segment_indexes].tolist()
    np.testing.assert_allclose(ours.scores, theirs.scores, atol=PARITY)
    one_by_one = [package.score_row(row) for row in rows[-20:]]
    assert [segment for segment, _ in one_by_one] == ours.segment_indexes[-20:].tolist()
    np.testing.assert_allclose([score for _, score in one_by_one], ours.scores[-20:], atol=PARITY)


def _refuses_another_width(exported: Exported, segments: int, meaning: str) -> None:
    rows, _ = grouped_rows()
    with pytest.raises(InputInvalid, match=f"reads rows of {COLUMNS} features"):
        package_of(exported, segments, meaning).score(rows[:, :-1])  # type: ignore[arg-type]
    with pytest.raises(PackageInvalid):
        package_of(exported, segments, meaning, columns=COLUMNS - 1)  # type: ignore[arg-type]


def _text(exported: Exported) -> str:
    return json.dumps(exported.model) + "".join(content.decode() for content in exported.files.values())
