"""A forest by the bins of its thresholds: the layout in which the C kernel sums trees soonest.

LightGBM trains on at most 255 bins a feature (`max_bin`), so that the thresholds of its models are few enough for a
byte, too. Forests past one of the bounds are summed node by node (`native_trees.py`).
"""

from __future__ import annotations

import ctypes
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from strata.runtime.model import Floats
from strata.runtime.tree_text import Forest, Tree

# The kernel's own bounds.
MOST_LEAVES: Final = 64
MOST_TREES: Final = 8_192
MOST_USED: Final = 127
"""Features that some split asks for; each has two columns of bins, and a column is a byte."""
MOST_EDGES: Final = 255
"""Thresholds of one feature; the last byte is that of values past all of them, and of missing ones that go right."""

_SPLIT: Final = np.dtype([("column", "u1"), ("bin", "u1"), ("left", "u1"), ("right", "u1")])


class BinnedForest(ctypes.Structure):
    """As strata/runtime/native/forest.h has it; keeps what it points to."""

    _fields_ = (
        ("edges", ctypes.c_void_p), ("features", ctypes.c_void_p), ("splits", ctypes.c_void_p),
        ("leaves", ctypes.c_void_p), ("leaf_starts", ctypes.c_void_p), ("counts", ctypes.c_void_p),
        ("trees_of", ctypes.c_void_p), ("left_leaves", ctypes.c_void_p), ("used", ctypes.c_int64),
        ("width", ctypes.c_int64), ("most_leaves", ctypes.c_int64), ("trees", ctypes.c_int64),
        ("classes", ctypes.c_int64), ("features_of_row", ctypes.c_int64),
    )  # fmt: skip

    def __init__(self, arrays: tuple[NDArray[Any], ...], *sizes: int) -> None:
        super().__init__(*(one.ctypes.data for one in arrays), *sizes)
        self._held = arrays


class _Laid(NamedTuple):
    """A tree's splits, children first, and its leaves from left to right."""

    left: NDArray[np.int64]
    """Per split, the place of what is on its left: a leaf, or MOST_LEAVES and more for a split."""
    right: NDArray[np.int64]
    left_leaves: NDArray[np.uint64]
    """Per split, a bit for every leaf but those on its left."""
    leaf: NDArray[np.float64]


def binned(forest: Forest) -> BinnedForest | None:
    """The forest's bins; None where it passes one of the bounds."""
    sizes = [len(tree.leaf) for tree in forest.trees]
    if max(sizes) > MOST_LEAVES or len(sizes) > MOST_TREES:
        return None
    cuts = np.concatenate([tree.cuts[::-1] for tree in forest.trees])
    used, position = np.unique(np.concatenate([tree.feature[::-1] for tree in forest.trees]), return_inverse=True)
    edges = [np.unique(cuts[position == k]) for k in range(len(used))]
    if len(used) > MOST_USED or max(map(len, edges), default=0) > MOST_EDGES:
        return None
    bins = np.zeros(len(cuts), dtype=np.int64)
    for k, one in enumerate(edges):
        bins[position == k] = np.searchsorted(one, cuts[position == k])
    return _filled(forest, used, edges, position, bins)


def _filled(
    forest: Forest, used: NDArray[np.int64], edges: list[Floats], position: NDArray[np.int64], bins: NDArray[np.int64]
) -> BinnedForest:
    """Per split, tree after tree and children first: its feature's `position` in `used`, and its threshold's bin."""
    width = 1 << max(map(len, edges), default=0).bit_length()  # a place more than edges at least
    padded = np.full((len(used), width), np.inf)
    for k, one in enumerate(edges):
        padded[k, : len(one)] = one

    trees = [_laid(tree) for tree in forest.trees]
    sizes = [len(tree.leaf) for tree in trees]
    splits = np.zeros(len(bins), dtype=_SPLIT)
    splits["column"] = 2 * position + ~np.concatenate([tree.missing_left[::-1] for tree in forest.trees])
    splits["bin"] = bins
    splits["left"] = np.concatenate([tree.left for tree in trees])
    splits["right"] = np.concatenate([tree.right for tree in trees])

    # A split of bin b sends those to the right whose bin is greater: it is counted from b + 1 on.
    counted = splits["column"].astype(np.int64) * width + splits["bin"] + 1
    order = np.argsort(counted, kind="stable")
    arrays = (
        padded, used.astype(np.int32), splits,
        np.concatenate([tree.leaf for tree in trees]), _starts(sizes),
        np.cumsum(np.bincount(counted, minlength=2 * len(used) * width)).astype(np.int32),
        np.repeat(np.arange(len(trees)), np.array(sizes) - 1)[order].astype(np.uint16),
        np.concatenate([tree.left_leaves for tree in trees])[order],
    )  # fmt: skip
    return BinnedForest(arrays, len(used), width, max(sizes), len(trees), forest.classes, forest.features)


def _laid(tree: Tree) -> _Laid:
    splits = len(tree.left)
    left, right = tree.left.tolist(), tree.right.tolist()
    below, first, ranks = [1] * splits, [0] * splits, [0] * (splits + 1)
    for split in reversed(range(splits)):  # a child stands behind its parent
        below[split] = sum(below[child] if child >= 0 else 1 for child in (left[split], right[split]))
    on_left = [below[child] if child >= 0 else 1 for child in left]
    for split in range(splits):
        for child, leaf in ((left[split], first[split]), (right[split], first[split] + on_left[split])):
            if child >= 0:
                first[child] = leaf
            else:
                ranks[~child] = leaf
    order = np.argsort(ranks)
    kept = [~(((1 << count) - 1) << leaf) & (2**64 - 1) for count, leaf in zip(on_left, first, strict=True)]
    places = np.array(ranks, dtype=np.int64)
    left_places, right_places = (
        np.where(way >= 0, MOST_LEAVES + splits - 1 - way, places[~way])[::-1] for way in (tree.left, tree.right)
    )
    return _Laid(left_places, right_places, np.array(kept, dtype=np.uint64)[::-1], tree.leaf[order])


def _starts(sizes: list[int]) -> NDArray[np.int32]:
    """Where each of so many begins, and the end of the last."""
    return np.cumsum([0, *sizes]).astype(np.int32)
