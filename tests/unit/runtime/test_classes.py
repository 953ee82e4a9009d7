"""Models of several classes: what they answer, that one row and many agree, and what is refused."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Any

import lightgbm
import numpy as np
import pytest
from kernels import IMPLEMENTATIONS, forced
from toy_package import TOY_CLASS_TREES, TOY_TREES, write_toy_kinds

from strata.errors import PackageInvalid
from strata.runtime import load_package, native_classes
from strata.runtime.classes import ClassesModel, classes_document, read_classes
from strata.runtime.native_call import Verdict

NAN = float("nan")
DOCUMENT = classes_document([2, 0, 1])
OTHER_OBJECTIVE = "multiclassova num_class:3 sigmoid:1"


@pytest.mark.parametrize("kernel", IMPLEMENTATIONS)
def test_the_likeliest_class_answers_with_its_probability(tmp_path: Path, kernel: str) -> None:
    """Batches, single rows and no rows at all, in vocabulary positions; missing counts as the model says."""
    with forced(kernel):
        package = load_package(write_toy_kinds(tmp_path))
        rows = np.array([[0.0], [1.0], [NAN], [9.0]])
        indexes, scores = package.score(rows)
        assert indexes.tolist() == [0, 2, 0, 2]
        np.testing.assert_allclose(scores, [0.5, 0.8, 0.5, 0.8], rtol=1e-7)
        assert (indexes.dtype, scores.dtype) == (np.int32, np.float32)
        for row, index, score in zip(rows, indexes, scores, strict=True):
            assert (package.score_row(row)[0], np.float32(package.score_row(row)[1])) == (index, score)
            assert package.score(row[None]).segment_indexes.tolist() == [index]
            assert package.score(row[None]).scores.tolist() == [score]
        assert len(package.score(rows[:0]).scores) == 0


def test_probabilities_are_in_the_models_own_order() -> None:
    """Each row sums to 1; the order is that of the classes, not of the vocabulary."""
    model = read_classes(DOCUMENT, TOY_CLASS_TREES, feature_count=1, segment_count=3)
    found = model.probabilities(np.array([[0.0], [1.0]]))
    np.testing.assert_allclose(found, [[0.25, 0.5, 0.25], [0.8, 0.1, 0.1]], rtol=1e-15)


def constant_trees(sums: list[float]) -> str:
    """A model that sums up to these whatever it is asked: a tree of one leaf for each."""
    head, _, tail = TOY_CLASS_TREES.partition("tree_sizes=")
    trees = [f"Tree={one}\nnum_leaves=1\nnum_cat=0\nleaf_value={leaf!r}\n\n\n" for one, leaf in enumerate(sums)]
    sizes = " ".join(str(len(tree)) for tree in trees)
    text = f"{head}tree_sizes={sizes}\n\n{''.join(trees)}end of trees{tail.partition('end of trees')[2]}"
    for old in ("num_class=3", "num_tree_per_iteration=3", "num_class:3"):
        text = text.replace(old, old.replace("3", str(len(sums))))
    return text


@pytest.mark.parametrize("kernel", IMPLEMENTATIONS)
@pytest.mark.parametrize(
    ("sums", "segment", "probability"),
    [
        ([1.0, 1.0, 1.0], 2, 1 / 3),
        ([0.0, 5.0, 5.0], 0, 0.4983),
        ([8e307, -8e307, 0.0], 2, 1.0),
        ([-5e307, -5e307, -5e307], 2, 1 / 3),
        ([-800.0, -790.0, -1e4], 0, 0.99995),
        ([0.0, -0.0, 1e-17], 2, 1 / 3),  # all three probabilities round to one number
    ],
)
def test_equals_and_extremes_are_numbers(kernel: str, sums: list[float], segment: int, probability: float) -> None:
    """The first among equals answers; the farthest sums are a probability all the same, alone and in company."""
    with forced(kernel):
        model = read_classes(DOCUMENT, constant_trees(sums), feature_count=1, segment_count=3)
        many = model.score(np.zeros((2, 1)))
        index, score = model.score_row(np.zeros(1))
    assert many.segment_indexes.tolist() == [segment, segment]
    assert (index, np.float32(score)) == (segment, many.scores[0])
    assert score == pytest.approx(probability, abs=1e-4)


def _asked(model: ClassesModel, row: Any) -> tuple[int, float]:
    """As the kernel asks for one row."""
    score, found = model.kernel_score(), Verdict()
    assert score is not None
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(score.function)
    function(score.model, np.ascontiguousarray(row).ctypes.data, ctypes.addressof(found))
    return found.segment, found.score


@pytest.mark.parametrize("classes", [2, 3, 7, 8, 9, 20])
def test_kernel_and_python_agree_to_the_last_bit(classes: int) -> None:
    """One row and many, any number of classes (numpy's sums over an axis would add in another order from 8 on)."""
    chance = np.random.default_rng(classes)
    values = np.where(chance.random((300, 4)) < 0.1, NAN, chance.normal(size=(300, 4)))
    chosen = {"objective": "multiclass", "num_class": classes, "num_leaves": 7, "verbose": -1, "num_threads": 1}
    labels = np.arange(300) % classes
    made = lightgbm.train(chosen | {"min_data_in_leaf": 5}, lightgbm.Dataset(values, labels), 6)
    document = classes_document(chance.permutation(classes).tolist())
    models = []
    for kernel in IMPLEMENTATIONS:
        with forced(kernel):
            models.append(read_classes(document, made.model_to_string(), 4, classes))
            assert (models[-1].kernel_score() is not None) == (kernel == "native")
    plain, native = models
    wanted = [plain.score_row(row) for row in values]
    assert [native.score_row(row) for row in values] == wanted
    assert [native.score_row(row) for row in np.asfortranarray(values)] == wanted
    assert [_asked(native, row) for row in values] == wanted
    for model in models:
        for count in (0, 1, 63, 64, 65, 300):
            segments, scores = model.score(values[:count])
            assert segments.tolist() == [index for index, _ in wanted[:count]]
            assert scores.tolist() == np.array([score for _, score in wanted[:count]], dtype=np.float32).tolist()
    np.testing.assert_allclose(plain.probabilities(values), made.predict(values), rtol=0, atol=1e-12)


def test_more_classes_than_the_kernel_takes_are_chosen_in_python(monkeypatch: pytest.MonkeyPatch) -> None:
    """The same answer."""
    text, values = constant_trees([0.0, 2.0, 1.0]), np.zeros((3, 1))
    within = read_classes(DOCUMENT, text, feature_count=1, segment_count=3)
    monkeypatch.setattr(native_classes, "MOST_CLASSES", 2)
    past = read_classes(DOCUMENT, text, feature_count=1, segment_count=3)
    assert past.kernel_score() is None
    assert past.score_row(values[0]) == within.score_row(values[0])
    assert past.score(values).scores.tolist() == within.score(values).scores.tolist()


@pytest.mark.parametrize(
    ("classes", "sentence"),
    [
        ([0, 1], "the classes: 3 numbers are needed"),
        ([0, 1, 1], "name each segment of the vocabulary once"),
        ([0, 1, 3], "name each segment of the vocabulary once"),
        ([0, 1, 1.5], "name each segment of the vocabulary once"),
        ("all", "the classes: not an array of numbers"),
        (None, "the classes: not every number is finite"),
        ([0, 1, NAN], "the classes: not every number is finite"),
    ],
)
def test_wrong_classes_are_refused(classes: Any, sentence: str) -> None:
    """Each with its sentence, before the trees are loaded."""
    with pytest.raises(PackageInvalid, match=sentence):
        read_classes({**DOCUMENT, "classes": classes}, "not looked at", feature_count=1, segment_count=3)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (TOY_TREES, "does not say that it has 3 outputs"),
        (TOY_CLASS_TREES.replace("num_class=3", "num_class=4"), "does not say that it has 3 outputs"),
        (TOY_CLASS_TREES.replace("multiclass num_class:3", OTHER_OBJECTIVE), f"objective is '{OTHER_OBJECTIVE}'"),
        (TOY_CLASS_TREES.replace("objective=multiclass num_class:3\n", ""), "objective is ''"),
        (TOY_CLASS_TREES[: TOY_CLASS_TREES.index("Tree=2")], "is cut short"),
        (TOY_CLASS_TREES.replace("leaf_value=0.0 0.0", "leaf_value=nan 0.0"), "tree 2, leaf_value"),
        (TOY_CLASS_TREES.replace("leaf_value=0.0 ", "leaf_value=1e308 "), "too large to be summed"),
    ],
)
def test_trees_of_another_kind_are_refused(text: str, sentence: str) -> None:
    """One output, another objective, a tree that is missing, leaves that are no numbers or sum up to none."""
    sizes = [len(tree) for tree in _trees(text)]
    start = text.index("tree_sizes=")
    text = text[:start] + f"tree_sizes={' '.join(map(str, sizes))}" + text[text.index("\n", start) :]
    with pytest.raises(PackageInvalid, match=sentence):
        read_classes(DOCUMENT, text, feature_count=1, segment_count=3)


def test_trees_that_are_not_as_many_for_each_class_are_refused() -> None:
    """A whole text, but its last round has one tree of three."""
    trees = _trees(TOY_CLASS_TREES)
    more = [*trees, trees[0].replace("Tree=0", "Tree=3")]
    text = TOY_CLASS_TREES.replace("".join(trees), "".join(more)).replace(
        f"tree_sizes={' '.join(str(len(tree)) for tree in trees)}",
        f"tree_sizes={' '.join(str(len(tree)) for tree in more)}",
    )
    with pytest.raises(PackageInvalid, match="4 trees are not as many for each of its 3 outputs"):
        read_classes(DOCUMENT, text, feature_count=1, segment_count=3)


def test_one_class_is_no_choice() -> None:
    """A vocabulary of one segment is refused."""
    with pytest.raises(PackageInvalid, match="two at least"):
        read_classes(classes_document([0]), TOY_TREES, feature_count=1, segment_count=1)


def _trees(text: str) -> list[str]:
    body = text[text.index("Tree=0") :].partition("end of trees")[0]
    return [f"Tree={part}" for part in body.split("Tree=")[1:]]
