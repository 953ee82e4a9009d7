"""What cannot be learned from is met at the door, with a sentence."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from mixed_rows import DAYS, ORDERS, SPEND, TIER, cluster_definition, label_definition, mixed_rows, mixed_schema
from toy_training import RESPONDERS

from strata.errors import DefinitionInvalid, InputInvalid, PackageInvalid
from strata.runtime import FeatureInput
from strata.runtime.prepare import Table
from strata.runtime.prepare.fields import Fields
from training.definition import MOST_BUCKETS, Definition
from training.prepare.door import check_rows
from training.prepare.identifiers import identifier_reason
from training.prepare.names import check_names
from training.rows import FeatureSchema, Part, TrainingRows

SCHEMA = mixed_schema()
LOGISTIC = {**RESPONDERS["algorithm"], "kind": "logistic"}  # type: ignore[dict-item]
for _key in ("trees", "parameters"):
    LOGISTIC.pop(_key)


def _part(count: int = 100, **changes: Any) -> Part:
    rows = mixed_rows(count)
    whole = {"values": rows.values, "labels": rows.labels, "users": rows.users, **changes}
    return Part(**whole)


def _rows(train: Part | None = None, schema: FeatureSchema = SCHEMA, **parts: Part) -> TrainingRows:
    return TrainingRows(schema, train or _part(), parts.get("validation", _part()), parts.get("test", _part()))


def _check(definition: Definition, rows: TrainingRows) -> None:
    check_rows(definition, rows.schema, rows)


def test_rows_to_learn_from_pass() -> None:
    """Numbers with gaps and a category, under trees, a logistic regression and clusters."""
    for definition in (label_definition(), label_definition(algorithm=LOGISTIC), cluster_definition()):
        _check(definition, _rows())


@pytest.mark.parametrize("role", ["training", "validation", "test"])
def test_no_rows_and_one_class_are_refused(role: str) -> None:
    """In any part."""
    field = "train" if role == "training" else role
    empty = Part(np.empty((0, 4)), np.empty(0, dtype=np.int8), np.empty(0, dtype=np.int64))
    with pytest.raises(InputInvalid, match=f"there are no {role} rows; import a longer history"):
        _check(label_definition(), _rows(**{field: empty}))
    with pytest.raises(InputInvalid, match=f"the {role} rows hold one class only"):
        _check(label_definition(), _rows(**{field: _part(labels=np.zeros(100, dtype=np.int8))}))


def test_one_user_is_refused() -> None:
    """However many dates there are."""
    with pytest.raises(InputInvalid, match="the training rows are one user's"):
        _check(label_definition(), _rows(_part(users=np.full(100, 1))))
    with pytest.raises(InputInvalid, match="the training rows are one user's"):
        _check(cluster_definition(), _rows(_part(1, users=None)))


def test_a_column_without_any_value_is_refused_where_gaps_are_not_read() -> None:
    """Trees learn around it; a fill would be invented."""
    values = mixed_rows(100).values
    values[:, 2] = np.nan
    rows = _rows(_part(values=values))
    _check(label_definition(), rows)
    _check(cluster_definition(leave_out=[SPEND]), rows)
    for definition in (cluster_definition(), label_definition(algorithm=LOGISTIC), label_definition(missing="median")):
        with pytest.raises(InputInvalid, match="v:spend has no value in any of 100 training rows; materialise"):
            _check(definition, rows)


@pytest.mark.parametrize(
    ("prepare", "where"),
    [
        ({"ranges": {"v:dayz": (0, 1)}}, "prepare.ranges"),
        ({"weights": {"v:dayz": 2.0}}, "prepare.weights"),
        ({"leave_out": ["v:dayz"]}, "prepare.leave_out"),
        ({"derive": [{"kind": "engagement", "weights": {"v:dayz": 1.0}}]}, r"prepare.derive \(engagement\)"),
        ({"judge": {"protected": ["v:dayz"]}}, "judge.protected"),
        ({"baseline": {"name": "lately", "feature": "v:dayz", "at_most_days": 3}}, "baseline"),
    ],
)
def test_a_feature_the_service_does_not_have_is_refused_with_the_nearest(prepare: dict[str, Any], where: str) -> None:
    """Wherever a file names features."""
    with pytest.raises(DefinitionInvalid, match=rf"{where} names v:dayz, which .* mixed .* \(did you mean v:days\?\)"):
        check_names(label_definition(**prepare), SCHEMA)


def test_an_axis_of_an_unknown_feature_is_refused() -> None:
    """The nearest name is said, or all there are."""
    schema = FeatureSchema("numbers", SCHEMA.features[:2], SCHEMA.view_fingerprints)
    with pytest.raises(DefinitionInvalid, match=r"axes.value names v:spend, which .* \(it has v:days, v:orders\)"):
        check_names(cluster_definition(), schema)


@pytest.mark.parametrize(
    ("prepare", "sentence"),
    [
        ({"ranges": {TIER: (0, 1)}}, "v:tier is a category"),
        ({"ranges": {DAYS: (2, 1)}}, "v:days may be 2 at least and 1 at most"),
        ({"weights": {DAYS: 0.0}}, "v:days has weight 0; above 0 is needed"),
        ({"leave_out": [DAYS, ORDERS, SPEND, TIER]}, "leaves no feature"),
        ({"derive": [{"kind": "propensity", "features": [TIER]}]}, "propensity is made of numbers, and v:tier"),
        ({"derive": [{"kind": "engagement", "weights": {DAYS: 0.0}}]}, "every weight of the engagement is 0"),
        ({"judge": {"protected": [{"feature": TIER, "edges": [1]}]}}, "v:tier is no number, its values are its groups"),
    ],
)
def test_what_features_do_not_carry_is_refused(prepare: dict[str, Any], sentence: str) -> None:
    """Before a row is read."""
    with pytest.raises(DefinitionInvalid, match=sentence):
        check_names(label_definition(**prepare), SCHEMA)


def test_clusters_have_no_labels_to_learn_encodings_and_propensities_from() -> None:
    """Both are refused by name."""
    with pytest.raises(DefinitionInvalid, match="target encoding is learned from labels, which clusters do not have"):
        check_names(cluster_definition(categories="target"), SCHEMA)
    with pytest.raises(DefinitionInvalid, match="a propensity is learned from labels, which clusters do not have"):
        check_names(cluster_definition(derive=[{"kind": "propensity", "features": [DAYS]}]), SCHEMA)


def test_a_propensity_is_of_two_classes() -> None:
    """A label of classes has no single event to be near to."""
    tops = (("a", {"below": 1}), ("b", {"below": 2}), ("c", {}))
    classes = [{"key": key, "label": key, "description": "", **top} for key, top in tops]
    document = label_definition(derive=[{"kind": "propensity", "features": [DAYS]}]).model_dump(exclude_unset=True)
    document["label"] = {"event_type": "x", "horizon_days": 1, "measure": "days", "classes": classes}
    document["algorithm"]["bands"], document["fallback"] = [], ["a"]
    with pytest.raises(DefinitionInvalid, match="a propensity is of one event that happens or not"):
        check_names(Definition.model_validate(document), SCHEMA)


def test_ten_thousand_categories_are_not_one_hot() -> None:
    """The sentence names the encodings that carry them; those pass."""
    wide = mixed_schema(tuple(f"c{number}" for number in range(10_000)))
    with pytest.raises(DefinitionInvalid, match=r"v:tier has 10,000 categories.*categories: target or hashed, or"):
        check_names(label_definition(categories="onehot"), wide)
    with pytest.raises(DefinitionInvalid, match=r"v:tier has 10,000 categories.*categories: hashed, or"):
        check_names(cluster_definition(), wide)
    for definition in (
        label_definition(categories="target"),
        label_definition(categories="hashed"),
        label_definition(algorithm=LOGISTIC),
        cluster_definition(categories="hashed"),
    ):
        check_names(definition, wide)
    check_names(label_definition(categories="hashed", buckets=MOST_BUCKETS), wide)


def test_the_most_buckets_are_what_a_package_carries() -> None:
    """The square table from bucket to columns that a wide vocabulary needs is read; one of a bucket more is not."""

    def read(buckets: int) -> None:
        row = [0.0] * buckets
        Table.read(
            Fields({"input": 0, "rows": [row] * buckets, "missing": row, "other": row}, "step 1 (table)", [True])
        )

    read(MOST_BUCKETS)
    with pytest.raises(PackageInvalid, match="are more than 4194304 numbers"):
        read(MOST_BUCKETS + 1)


def test_columns_of_all_categories_together_fit_a_package() -> None:
    """Eleven hashed features of the most buckets are refused by name of the encoding; nine are not."""

    def schema(count: int) -> FeatureSchema:
        towns = tuple(f"t{number}" for number in range(MOST_BUCKETS))
        features = tuple(FeatureInput("v", f"place_{number}", "string", None, towns) for number in range(count))
        return FeatureSchema("wide", features, SCHEMA.view_fingerprints)

    definition = label_definition(categories="hashed", buckets=MOST_BUCKETS)
    check_names(definition, schema(9))
    with pytest.raises(
        DefinitionInvalid, match="hashed makes up to 22,528 columns of 11 features, and a package holds"
    ):
        check_names(definition, schema(11))


def test_an_identifier_is_refused() -> None:
    """Unless it is left out."""
    values = mixed_rows(100).values
    values[:, 1] = np.repeat(np.arange(50), 2) + 7_000
    rows = _rows(_part(values=values))
    with pytest.raises(InputInvalid, match=r"v:orders is a whole number for each user.*leave it out"):
        _check(label_definition(), rows)
    _check(label_definition(leave_out=[ORDERS]), rows)
    with pytest.raises(InputInvalid, match="v:orders is a whole number for each user"):
        _check(label_definition(leave_out=[ORDERS], derive=[{"kind": "propensity", "features": [ORDERS]}]), rows)


RNG = np.random.default_rng(0)
SHUFFLED = RNG.permutation(200).astype(np.float64)
SQUARES = np.arange(200.0) ** 2
AS_TEXTS = SQUARES[np.argsort([f"{each:.0f}" for each in SQUARES])]


@pytest.mark.parametrize(
    ("column", "users", "category", "reason"),
    [
        (SQUARES, None, False, "in the order of their ids"),
        (AS_TEXTS, None, False, "in the order of their ids"),
        (np.repeat(SQUARES[SHUFFLED.astype(int)], 2), np.repeat(SHUFFLED.astype(int), 2), False, "in the order of"),
        (SHUFFLED + 1_000, None, False, "numbers the users one by one"),
        (SHUFFLED, None, True, "another category for nearly each of 200 users"),
        # not identifiers: amounts, whole amounts far apart, counts, few users, gaps, values that change over time
        (SHUFFLED * 1.5 + 0.25, None, False, None),
        (SHUFFLED * 37 + 5, None, False, None),
        (SHUFFLED // 4, None, False, None),
        (np.arange(10.0), None, False, None),
        (np.where(SHUFFLED < 20, np.nan, np.arange(200.0)), None, False, None),
        (np.arange(200.0), np.repeat(np.arange(100), 2), False, None),
        (SHUFFLED // 4, None, True, None),
    ],
)
def test_what_names_users_is_told_from_what_measures_them(
    column: Any, users: Any, category: bool, reason: str | None
) -> None:
    """Whole numbers, one a user, nobody else's, and in line with the ids: all of it is asked."""
    found = identifier_reason(column, users, category=category)
    assert (found is None) if reason is None else (found is not None and reason in found)


def test_edges_that_part_nobody_are_refused() -> None:
    """Spend in cents, edges in hundreds of thousands: said with what there is. One edge that parts some is enough."""
    protected = [{"feature": SPEND, "edges": [100_000, 200_000]}]
    rows = _rows(_part(100))
    found = mixed_rows(100).values[:, 2]
    low, high = np.nanmin(found), np.nanmax(found)
    said = rf"the values of v:spend \({low:g} to {high:g} in the test rows\) lie in one band of its edges"
    with pytest.raises(InputInvalid, match=said):
        _check(label_definition(judge={"protected": protected}), rows)
    _check(label_definition(judge={"protected": [{"feature": SPEND, "edges": [(low + high) / 2, 200_000]}]}), rows)
    _check(label_definition(judge={"protected": [SPEND]}), rows)
