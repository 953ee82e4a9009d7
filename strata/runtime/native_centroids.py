"""The nearest centroid by the C kernel, where it was built: the same segments and margins as in Python, to the last
bit, a dozen times sooner for one row."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from strata.features import kernel
from strata.runtime.model import Floats
from strata.runtime.native_call import KernelScore, NativeCall, Verdict, scoring_function

_PLACE: Final = np.dtype([("score", "<f8"), ("segment", "<i8")])
MOST_SEGMENTS: Final = 64
"""The kernel's own bound."""


class _Space(ctypes.Structure):
    _fields_ = (
        ("missing", ctypes.c_void_p), ("knots", ctypes.c_void_p), ("levels", ctypes.c_void_p),
        ("slopes", ctypes.c_void_p), ("starts", ctypes.c_void_p), ("centroids", ctypes.c_void_p),
        ("features", ctypes.c_int64), ("segments", ctypes.c_int64),
    )  # fmt: skip


class NativeCentroids:
    """Scales and centroids in the kernel's layout. Safe for any number of threads."""

    def __init__(self, missing: Sequence[float], scales: Sequence[tuple[Floats, Floats]], centroids: Floats) -> None:
        """Per feature what stands in for NaN, and its knots and levels; [k, f] centroids, k at most MOST_SEGMENTS."""
        with np.errstate(over="ignore"):  # knots as near as numbers can be: as plain numbers divide
            slopes = [np.append(np.diff(levels) / np.diff(knots), 0.0) for knots, levels in scales]
        starts = np.cumsum([0, *(len(knots) for knots, _ in scales)], dtype=np.int64)
        self._held: tuple[NDArray[Any], ...] = (
            np.array(missing, dtype=np.float64),
            np.concatenate([knots for knots, _ in scales], dtype=np.float64),
            np.concatenate([levels for _, levels in scales], dtype=np.float64),
            np.concatenate(slopes, dtype=np.float64),
            starts,
            np.ascontiguousarray(centroids.T, dtype=np.float64),
        )
        self._space = _Space(*(each.ctypes.data for each in self._held), centroids.shape[1], centroids.shape[0])
        self._address = ctypes.addressof(self._space)
        self._search = NativeCall("strata_nearest")

    def nearest(self, values: Floats) -> tuple[NDArray[np.int64], Floats]:
        """Segments [n] and margins [n] for float64 [n, f]; NaN is missing."""
        rows = np.ascontiguousarray(values, dtype=np.float64)
        found = np.empty(len(rows), dtype=_PLACE)
        self._search(self._address, rows.ctypes.data, len(rows), found.ctypes.data)
        return found["segment"], found["score"]

    def nearest_one(self, row: Floats) -> tuple[int, float]:
        """The same for one row: float64 [f], C-ordered."""
        found = Verdict()
        self._search.few(self._address, row.ctypes.data, 1, ctypes.addressof(found))
        return found.segment, found.score

    def kernel_score(self) -> KernelScore:
        """The same, for the kernel's own use."""
        return KernelScore(scoring_function("strata_nearest_one"), self._address, self)


def native_centroids(
    missing: Sequence[float], scales: Sequence[tuple[Floats, Floats]], centroids: Floats
) -> NativeCentroids | None:
    """The search in the kernel; None where there is no kernel, or more segments than it takes."""
    if kernel.native() is None or len(centroids) > MOST_SEGMENTS:
        return None
    return NativeCentroids(missing, scales, centroids)
