"""Trees of other libraries as LightGBM model text, which the C kernel scores and LightGBM explains (TreeSHAP).

XGBoost looks at float32; LightGBM and the kernel at float64. Its thresholds are therefore moved to the last float64
that rounds to a float32 on their left: a row goes the same way in both, whatever its value, with no rounding of the row
before. A random forest learns from bins of float64 (`_bins.py`) and needs no such care.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from strata.runtime.tree_text import ZERO
from training.rows import Floats

Singles = NDArray[np.float32]
Whole = NDArray[np.int64]

_LARGEST: Final = np.finfo(np.float32).max
# decision_type: bit 1 sends missing values left, bits 2 and 3 say that NaN is what is missing.
_NAN_IS_MISSING, _MISSING_LEFT = 8, 2


@dataclass(frozen=True)
class SplitTree:
    """One tree in its library's numbering: arrays over its nodes, of which 0 is the root."""

    left: Whole
    """Where rows go that are at most the threshold; -1 at a leaf."""
    right: Whole
    feature: Whole
    threshold: Floats
    """Of float64 rows: see `last_at_most`."""
    missing_left: NDArray[np.bool_]
    value: Floats
    """What a leaf adds."""
    rows: Whole
    """Training rows that came through each node: TreeSHAP weighs the ways by them."""


def zeroed(values: Floats) -> Floats:
    """Any shape: what LightGBM takes for 0 is 0."""
    return np.where(np.abs(values) <= ZERO, 0.0, values)


def as_single(values: Floats) -> Singles:
    """Rows as a library that computes in float32 should see them, float32 [n, d], NaN kept.

    What LightGBM takes for 0 is 0 here too, and what leaves float32 is its largest number.
    """
    return np.ascontiguousarray(np.clip(zeroed(values), -_LARGEST, _LARGEST), dtype=np.float32)


def last_at_most(threshold: Floats) -> Floats:
    """The greatest float64 that, rounded to float32, is at most each threshold.

    >>> one = last_at_most(np.array([1.0]))
    >>> float(np.float32(one[0])), float(np.float32(np.nextafter(one[0], 2)))
    (1.0, 1.0000001192092896)
    """
    with np.errstate(over="ignore"):
        below = threshold.astype(np.float32)
        below = np.where(below > threshold, np.nextafter(below, np.float32(-np.inf)), below)
        above = np.nextafter(below, np.float32(np.inf))
    middle = (below.astype(np.float64) + above.astype(np.float64)) / 2  # exact; rounds to the even one of both
    found = np.where(middle.astype(np.float32) == below, middle, np.nextafter(middle, -np.inf))
    return np.where(below >= _LARGEST, np.inf, found)


def forest_text(trees: Sequence[SplitTree], feature_count: int, *, classes: int = 1, objective: str = "") -> str:
    """A whole model: tree t adds to output t % classes."""
    texts = [f"Tree={number}\n{_tree(tree)}\n\n" for number, tree in enumerate(trees)]
    names = " ".join(f"Column_{i}" for i in range(feature_count))
    head = [
        "tree", "version=v4", f"num_class={classes}", f"num_tree_per_iteration={classes}", "label_index=0",
        f"max_feature_idx={feature_count - 1}", *([f"objective={objective}"] if objective else []),
        f"feature_names={names}", f"feature_infos={' '.join(['none'] * feature_count)}",
        f"tree_sizes={_spaced(map(len, texts))}",
    ]  # fmt: skip
    return "\n".join(head) + "\n\n" + "".join(texts) + "end of trees\n\nparameters:\nend of parameters\n"


def _tree(tree: SplitTree) -> str:
    order, place = _order(tree)
    splits = np.array([node for node in order if tree.left[node] >= 0], dtype=np.int64)
    leaves = np.array([node for node in order if tree.left[node] < 0], dtype=np.int64)
    head = f"num_leaves={len(leaves)}\nnum_cat=0\n"
    if not len(splits):
        return f"{head}leaf_value={float(tree.value[0])!r}\nis_linear=0\nshrinkage=1\n"
    none = np.zeros(len(splits), dtype=np.int64)
    ways = _NAN_IS_MISSING + _MISSING_LEFT * tree.missing_left[splits]
    fields = {
        "split_feature": tree.feature[splits], "split_gain": none, "threshold": tree.threshold[splits],
        "decision_type": ways, "left_child": place[tree.left[splits]], "right_child": place[tree.right[splits]],
        "leaf_value": tree.value[leaves], "leaf_weight": tree.rows[leaves], "leaf_count": tree.rows[leaves],
        "internal_value": none, "internal_weight": tree.rows[splits], "internal_count": tree.rows[splits],
    }  # fmt: skip
    lines = "".join(f"{name}={_spaced(column.tolist())}\n" for name, column in fields.items())
    return f"{head}{lines}is_linear=0\nshrinkage=1\n"


def _order(tree: SplitTree) -> tuple[list[int], Whole]:
    """Nodes with parents first, and where LightGBM finds each: a split's number, or ~ a leaf's."""
    order, waiting = [], [0]
    place = np.zeros(len(tree.left), dtype=np.int64)
    splits = leaves = 0
    while waiting:
        node = waiting.pop()
        order.append(node)
        if tree.left[node] >= 0:
            place[node], splits = splits, splits + 1
            waiting += [int(tree.right[node]), int(tree.left[node])]
        else:
            place[node], leaves = ~leaves, leaves + 1
    return order, place


def _spaced(numbers: Iterable[float]) -> str:
    return " ".join(map(repr, numbers))
