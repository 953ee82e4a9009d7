"""The likeliest class by the C kernel, where its trees score: the same segments and probabilities as in Python, to the
last bit."""

from __future__ import annotations

import ctypes
from typing import Final

import numpy as np
from numpy.typing import NDArray

from strata.runtime.model import Floats
from strata.runtime.native_call import KernelScore, NativeCall, Verdict, scoring_function
from strata.runtime.native_trees import NativeTrees

MOST_CLASSES: Final = 128
"""The kernel's own bound."""


class _Classes(ctypes.Structure):
    _fields_ = (("forest", ctypes.c_void_p), ("segments", ctypes.c_void_p))


class NativeClasses:
    """A forest of several classes, and each class's segment. Safe for any number of threads."""

    def __init__(self, trees: NativeTrees, segments: NDArray[np.int32]) -> None:
        """At most MOST_CLASSES of them; see `native_classes`."""
        self._held = (trees, segments.astype(np.int64))
        self._model = _Classes(trees.address, self._held[1].ctypes.data)
        self._address = ctypes.addressof(self._model)
        self._score = NativeCall("strata_classes")

    def likeliest(self, values: Floats) -> tuple[NDArray[np.int64], Floats]:
        """Segments [n] and probabilities [n] for float64 [n, f]; NaN is missing."""
        rows = np.ascontiguousarray(values, dtype=np.float64)
        found = np.empty(len(rows), dtype=Verdict)
        self._score(self._address, rows.ctypes.data, len(rows), found.ctypes.data)
        return found["segment"], found["score"]

    def likeliest_one(self, row: Floats) -> tuple[int, float]:
        """The same for one row: float64 [f], C-ordered."""
        found = Verdict()
        self._score.few(self._address, row.ctypes.data, 1, ctypes.addressof(found))
        return found.segment, found.score

    def kernel_score(self) -> KernelScore:
        """The same, for the kernel's own use."""
        return KernelScore(scoring_function("strata_classes_one"), self._address, self)


def native_classes(trees: NativeTrees | None, segments: NDArray[np.int32]) -> NativeClasses | None:
    """The choice in the kernel; None where its trees do not score, or the classes are more than it takes."""
    return None if trees is None or len(segments) > MOST_CLASSES else NativeClasses(trees, segments)
