"""LightGBM's text format, checked before its C parser sees it.

The parser reads trees in parallel and ends the whole process on a malformed one (std::terminate, LightGBM 4.7,
tried). So every tree is checked here for what the parser and the predictor take for granted: array lengths,
numbers, features in range, and children that form a tree.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from strata.errors import PackageInvalid

_INTEGERS: Final = ("split_feature", "decision_type", "left_child", "right_child")
_PER_SPLIT: Final = (*_INTEGERS, "threshold", "split_gain", "internal_value", "internal_weight", "internal_count")
# A split's decision_type: bit 0 categorical, bit 1 where missing values go, bits 2 and 3 what is missing.
_DEFAULT_LEFT, _KIND_SHIFT, _NONE_MISSING, _ZERO_MISSING = 2, 2, 0, 1
_PER_LEAF: Final = ("leaf_value", "leaf_weight", "leaf_count")
ZERO: Final = float(np.float32(1e-35))
"""LightGBM's kZeroThreshold: a value no farther from 0 is 0."""


@dataclass(frozen=True)
class Tree:
    """One tree: arrays per split, and the leaves' values. A child is a later split, or ~leaf."""

    feature: NDArray[np.int64]
    threshold: NDArray[np.float64]
    left: NDArray[np.int64]
    right: NDArray[np.int64]
    missing_left: NDArray[np.bool_]
    """Whether a missing value goes left."""
    zero_is_missing: bool
    """Whether some split takes zeros for missing ones."""
    leaf: NDArray[np.float64]

    @property
    def cuts(self) -> NDArray[np.float64]:
        """Thresholds moved out of the values that LightGBM takes for 0, so that those need no look of their own."""
        low = np.where(self.threshold >= -ZERO, np.nextafter(-ZERO, -np.inf), self.threshold)
        return np.where(
            (self.threshold >= 0) & (self.threshold <= ZERO), ZERO, np.where(self.threshold < 0, low, self.threshold)
        )


@dataclass(frozen=True)
class Forest:
    """The trees in their order; tree t adds to output t % classes."""

    trees: tuple[Tree, ...]
    features: int
    classes: int = 1
    objective: str = ""
    """LightGBM's own words, such as `multiclass num_class:6`; empty where the model does not say."""


def read_tree_text(text: str, feature_count: int, classes: int = 1) -> Forest:
    """The trees of a whole model of so many features and outputs, without categories. Raises PackageInvalid."""
    if not text.startswith("tree\n") or "\nend of trees" not in text or not text.isascii():
        raise PackageInvalid("the model file is not LightGBM's text format, or is cut short")
    head, _, rest = text.partition("\n\n")
    header = _fields(head)
    outputs = "one output" if classes == 1 else f"{classes} outputs"
    if any(header.get(key) != str(classes) for key in ("num_class", "num_tree_per_iteration")):
        raise PackageInvalid(f"the model file does not say that it has {outputs}")
    if header.get("max_feature_idx") != str(feature_count - 1):
        raise PackageInvalid(
            f"the model file reads {header.get('max_feature_idx')} as its last feature; "
            f"the manifest lists {feature_count}"
        )
    for key in ("feature_names", "feature_infos"):
        if len(header.get(key, "").split(" ")) != feature_count:
            raise PackageInvalid(f"the model file's {key} are not one for each feature")
    texts = enumerate(_trees(rest, header.get("tree_sizes", "")))
    trees = tuple(_read_tree(number, tree, feature_count) for number, tree in texts)
    if len(trees) % classes:
        raise PackageInvalid(f"the model file's {len(trees)} trees are not as many for each of its {outputs}")
    if not np.isfinite(sum(float(np.abs(tree.leaf).max()) for tree in trees)):
        raise PackageInvalid("the model file's leaves are too large to be summed")
    return Forest(trees, feature_count, classes, header.get("objective", ""))


def _trees(rest: str, sizes_text: str) -> Iterator[str]:
    """The trees, cut by the sizes the header lists; they fill the text up to `end of trees` exactly."""
    sizes = _numbers(sizes_text, "tree_sizes", whole=True).tolist()
    position = 0
    for number, size in enumerate(sizes):
        if size <= 0 or not rest.startswith(f"Tree={number}\n", position):
            raise PackageInvalid(f"the model file's tree {number} is not where its header says")
        yield rest[position : position + int(size)]
        position += int(size)
    if not rest.startswith("end of trees", position):
        raise PackageInvalid("the model file's trees are not as many or as long as its header says")


def _read_tree(number: int, tree: str, feature_count: int) -> Tree:
    fields = _fields(tree)
    what = f"tree {number}"
    if "\n\n" in tree.rstrip("\n"):  # where LightGBM's parser would stop, and miss what follows
        raise PackageInvalid(f"the model file's {what} has an empty line within")
    leaves = _single(fields, "num_leaves", what)
    if leaves < 1 or _single(fields, "num_cat", what) != 0 or fields.get("is_linear", "0") != "0":
        raise PackageInvalid(f"the model file's {what} is of a kind not known here")
    _numbers(fields.get("shrinkage", "1"), what, length=1)
    for key in _PER_LEAF if leaves > 1 else ("leaf_value",):
        _numbers(fields.get(key, ""), f"{what}, {key}", length=leaves)
    leaf = _numbers(fields.get("leaf_value", ""), f"{what}, leaf_value", length=leaves)
    if leaves == 1:
        nothing = np.zeros(0, dtype=np.int64)
        return Tree(nothing, np.zeros(0), nothing, nothing, np.zeros(0, dtype=np.bool_), False, leaf)
    splits = {
        key: _numbers(fields.get(key, ""), f"{what}, {key}", length=leaves - 1, whole=key in _INTEGERS)
        for key in _PER_SPLIT
    }
    features, decisions = splits["split_feature"], splits["decision_type"]
    if features.min() < 0 or features.max() >= feature_count or not set(decisions.tolist()) <= {0, 2, 4, 6, 8, 10}:
        raise PackageInvalid(f"the model file's {what} splits on what is not there")
    _check_children(splits["left_child"], splits["right_child"], leaves, what)
    ways, kinds = decisions.astype(np.int64), decisions.astype(np.int64) >> _KIND_SHIFT
    # Where a missing value is not told apart it counts as 0.
    missing_left = np.where(kinds == _NONE_MISSING, splits["threshold"] >= 0, (ways & _DEFAULT_LEFT) != 0)
    left, right = (splits[key].astype(np.int64) for key in ("left_child", "right_child"))
    zero_is_missing = bool((kinds == _ZERO_MISSING).any())
    return Tree(features.astype(np.int64), splits["threshold"], left, right, missing_left, zero_is_missing, leaf)


def _check_children(left: NDArray[np.float64], right: NDArray[np.float64], leaves: int, what: str) -> None:
    """Each inner node but the root, and each leaf (~index), is the child of exactly one earlier node."""
    children = np.concatenate([left, right]).astype(np.int64)
    parents = np.tile(np.arange(leaves - 1), 2)
    wanted = [*range(-leaves, 0), *range(1, leaves - 1)]
    if sorted(children.tolist()) != wanted or bool((children[children > 0] <= parents[children > 0]).any()):
        raise PackageInvalid(f"the model file's {what} is not a tree")


def _fields(block: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in block.split("\n") if "=" in line)


def _single(fields: dict[str, str], key: str, what: str) -> int:
    return int(_numbers(fields.get(key, ""), f"{what}, {key}", length=1, whole=True)[0])


def _numbers(text: str, what: str, *, length: int | None = None, whole: bool = False) -> NDArray[np.float64]:
    parts = text.split(" ") if text else []
    try:
        found = np.array([int(part) if whole else float(part) for part in parts], dtype=np.float64)
    except (ValueError, OverflowError):
        raise PackageInvalid(f"the model file's {what} holds something that is not a number") from None
    # A threshold of inf is a split between missing and present values.
    unusable = np.isnan(found) if what.endswith(", threshold") else ~np.isfinite(found)
    if (length is not None and len(found) != length) or unusable.any() or "_" in text:
        raise PackageInvalid(f"the model file's {what} does not hold {length or 'finite'} numbers")
    return found
