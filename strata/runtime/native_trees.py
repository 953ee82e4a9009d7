"""Decision trees summed by the C kernel, where it was built: the same numbers as LightGBM's predictor, many times
sooner. Whether they are the same is tried on every model that is loaded, on values around its own thresholds."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from strata.features import kernel
from strata.runtime.binned_trees import binned
from strata.runtime.model import Floats
from strata.runtime.native_call import NativeCall
from strata.runtime.tree_text import Forest

_NODE: Final = np.dtype(
    [("threshold", "<f8"), ("less", "<i4"), ("more", "<i4"), ("feature", "<u4"), ("missing", "<u4")]
)
MOST_DEPTH: Final = 64
"""Node by node every row walks a tree's whole depth: trees deeper than this are left to LightGBM."""
PROBES: Final = 256


class _Forest(ctypes.Structure):
    _fields_ = (
        ("nodes", ctypes.c_void_p), ("leaves", ctypes.c_void_p), ("roots", ctypes.c_void_p),
        ("depths", ctypes.c_void_p), ("trees", ctypes.c_int64), ("classes", ctypes.c_int64),
        ("features", ctypes.c_int64), ("binned", ctypes.c_void_p),
    )  # fmt: skip


class NativeTrees:
    """A forest in the kernel's layout. Safe for any number of threads."""

    def __init__(self, forest: Forest) -> None:
        """Made by `native_trees`."""
        self._binned = binned(forest)
        self._nodes = () if self._binned else _laid_out(forest)
        nodes = (one.ctypes.data for one in self._nodes) if self._nodes else (None,) * 4
        self._forest = _Forest(
            *nodes, len(forest.trees), forest.classes, forest.features,
            ctypes.addressof(self._binned) if self._binned else None,
        )  # fmt: skip
        self.address = ctypes.addressof(self._forest)
        """For the kernel, as long as this object lives."""
        self._walk = NativeCall("strata_trees")
        self._classes, self._sums = forest.classes, ctypes.c_double * forest.classes

    @property
    def by_bins(self) -> bool:
        """Whether thresholds are few enough for the sooner of the kernel's two ways."""
        return self._binned is not None

    def sums(self, values: Floats) -> Floats:
        """[n, classes] for float64 [n, f], C-ordered; NaN is missing."""
        found = np.zeros((len(values), self._classes))
        self._walk(self.address, values.ctypes.data, len(values), found.ctypes.data)
        return found

    def sums_one(self, row: Floats) -> list[float]:
        """Each class's sum for one row, [f], C-ordered."""
        found = self._sums()
        self._walk.few(self.address, row.ctypes.data, 1, ctypes.addressof(found))
        return list(found)

    def sum_one(self, row: Floats) -> float:
        """The sum for one row, [f], C-ordered, of a forest of one class."""
        found = ctypes.c_double(0.0)
        self._walk.few(self.address, row.ctypes.data, 1, ctypes.addressof(found))
        return found.value


def native_trees(forest: Forest) -> NativeTrees | None:
    """The trees in the kernel; None where there is no kernel, or they are of a kind it does not walk."""
    if kernel.native() is None or not forest.trees or any(tree.zero_is_missing for tree in forest.trees):
        return None
    if max(_depth(tree.left, tree.right) for tree in forest.trees) > MOST_DEPTH:
        return None
    return NativeTrees(forest)


def agree(forest: Forest, trees: NativeTrees, reference: Callable[[Floats], Floats], seed: int = 7) -> bool:
    """Whether both give the same bits for every class, on rows of values at, beside and far from the thresholds.

    `reference` gives [n, classes] for [n, f].
    """
    chance = np.random.default_rng(seed)
    rows = np.empty((PROBES, forest.features))
    used: list[list[float]] = [[0.0, 1.0] for _ in range(forest.features)]
    for tree in forest.trees:
        for feature, threshold in zip(tree.feature.tolist(), tree.threshold.tolist(), strict=True):
            used[feature].append(threshold)
    strange = np.array([np.nan, 0.0, -0.0, 1e-40, -1e-40, np.inf, -np.inf, 1e300])
    for feature, thresholds in enumerate(used):
        chosen = chance.choice(np.array(thresholds), PROBES)
        near = np.nextafter(chosen, np.where(chance.random(PROBES) < 0.5, -np.inf, np.inf))
        mixed = np.where(chance.random(PROBES) < 0.5, chosen, near)
        rows[:, feature] = np.where(chance.random(PROBES) < 0.25, chance.choice(strange, PROBES), mixed)
    wanted = reference(rows)
    alone = np.array([trees.sums_one(np.ascontiguousarray(row)) for row in rows[:32]])
    return bool(np.array_equal(trees.sums(rows), wanted) and np.array_equal(alone, wanted[:32]))


def _laid_out(forest: Forest) -> tuple[NDArray[Any], Floats, NDArray[np.int32], NDArray[np.int32]]:
    size = sum(len(tree.threshold) + len(tree.leaf) for tree in forest.trees)
    nodes, leaves = np.zeros(size, dtype=_NODE), np.zeros(size)
    roots, depths, at = [], [], 0
    for tree in forest.trees:
        splits, count = len(tree.threshold), len(tree.threshold) + len(tree.leaf)
        own = nodes[at : at + count]
        for way, children in (("less", tree.left), ("more", tree.right)):
            own[way][:splits] = np.where(children >= 0, at + children, at + splits + ~children)
            own[way][splits:] = np.arange(at + splits, at + count)  # a leaf leads to itself
        own["threshold"][:splits], own["feature"][:splits] = tree.cuts, tree.feature
        own["missing"][:splits] = ~tree.missing_left
        leaves[at + splits : at + count] = tree.leaf
        roots.append(at)
        depths.append(_depth(tree.left, tree.right))
        at += count
    return nodes, leaves, np.array(roots, dtype=np.int32), np.array(depths, dtype=np.int32)


def _depth(left: NDArray[np.int64], right: NDArray[np.int64]) -> int:
    """The most splits on the way to a leaf. A child stands behind its parent."""
    depths = [1] * len(left)
    for node, children in enumerate(zip(left.tolist(), right.tolist(), strict=True)):
        for child in children:
            if child >= 0:
                depths[child] = depths[node] + 1
    return max(depths, default=0)
