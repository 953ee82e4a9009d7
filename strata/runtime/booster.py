"""One LightGBM model: raw scores for rows, from any thread, by the C kernel or by LightGBM's C API."""

from __future__ import annotations

import ctypes
import logging
import threading
import weakref
from typing import Final, Protocol

import numpy as np

from strata.errors import PackageInvalid
from strata.runtime.lightgbm_library import call, library, quick_library
from strata.runtime.model import Floats
from strata.runtime.native_trees import NativeTrees, agree, native_trees
from strata.runtime.tree_text import read_tree_text

_log = logging.getLogger(__name__)
_RAW_SCORE: Final = 1  # C_API_PREDICT_RAW_SCORE
_FLOAT64: Final = 1  # C_API_DTYPE_FLOAT64
# One thread: the default threads of a busy 2-core machine cost 7 ms a row instead of 31 us (measured 2026-11).
_PARAMETERS: Final = b"num_threads=1"


class TreeSums(Protocol):
    """What a model needs of its trees, whoever walks them. Thread-safe."""

    @property
    def native(self) -> NativeTrees | None:
        """The kernel's trees, where they score."""
        ...

    @property
    def objective(self) -> str:
        """LightGBM's own words."""
        ...

    def raw(self, values: Floats) -> Floats: ...

    def raw_one(self, row: Floats) -> float: ...

    def sums(self, values: Floats) -> Floats: ...

    def sums_one(self, row: Floats) -> list[float]: ...


class Booster:
    """A loaded model. Scoring is thread-safe; the C handle is freed with the object."""

    def __init__(self, text: str, feature_count: int, classes: int = 1) -> None:
        """Load LightGBM's text format. Raises PackageInvalid when it is not a model of these features and outputs.

        The text is checked first: LightGBM's own parser ends the process on a malformed tree.
        """
        forest = read_tree_text(text, feature_count, classes)
        handle, rounds = ctypes.c_void_p(), ctypes.c_int()
        call("LGBM_BoosterLoadModelFromString", text.encode(), ctypes.byref(rounds), ctypes.byref(handle))
        self._handle: Final = handle
        self._feature_count: Final = feature_count
        self.classes: Final = classes
        self.objective: Final = forest.objective
        self.least_leaf: Final = min((float(tree.leaf.min()) for tree in forest.trees), default=0.0)
        weakref.finalize(self, library().LGBM_BoosterFree, handle).atexit = False  # the process frees it better
        self._local = threading.local()
        self._check_shape()
        native = native_trees(forest)
        if native is not None and not agree(forest, native, self.by_lightgbm):
            _log.warning("the C kernel differs from LightGBM on this model and machine; LightGBM scores")
            native = None
        self.native: Final[NativeTrees | None] = native
        """The kernel's trees, where they score; else LightGBM does."""

    def raw(self, values: Floats) -> Floats:
        """Log-odds [n] of a model with one output, for float64 [n, f], NaN for missing."""
        return self.sums(values)[:, 0]

    def raw_one(self, row: Floats) -> float:
        """The same for one row, [f]."""
        if self.native is not None and row.flags.c_contiguous:
            return self.native.sum_one(row)
        return self._fast().sums(row)[0]

    def sums(self, values: Floats) -> Floats:
        """What each output sums up to, [n, classes], for float64 [n, f], NaN for missing."""
        values = np.ascontiguousarray(values)
        return self.by_lightgbm(values) if self.native is None else self.native.sums(values)

    def sums_one(self, row: Floats) -> list[float]:
        """The same for one row, [f]."""
        if self.native is not None and row.flags.c_contiguous:
            return self.native.sums_one(row)
        return self._fast().sums(row)

    def by_lightgbm(self, values: Floats) -> Floats:
        """`sums` by LightGBM's C API on one thread, whoever scores: what the kernel is held to, and measured beside."""
        if len(values) == 1:
            return np.array([self._fast().sums(values[0])])
        out = np.empty((len(values), self.classes), dtype=np.float64)
        if len(values) == 0:
            return out
        written = ctypes.c_int64()
        call(
            "LGBM_BoosterPredictForMat", self._handle, ctypes.c_void_p(values.ctypes.data), _FLOAT64,
            ctypes.c_int32(len(values)), ctypes.c_int32(self._feature_count), 1, _RAW_SCORE, 0, -1,
            ctypes.c_char_p(_PARAMETERS), ctypes.byref(written), ctypes.c_void_p(out.ctypes.data),
        )  # fmt: skip
        return out

    def _fast(self) -> _SingleRow:
        """This thread's own single-row predictor: the C side keeps one scratch buffer in each."""
        try:
            predictor: _SingleRow = self._local.predictor
        except AttributeError:
            predictor = self._local.predictor = _SingleRow(self._handle, self._feature_count, self.classes)
        return predictor

    def _check_shape(self) -> None:
        features, classes = ctypes.c_int(), ctypes.c_int()
        call("LGBM_BoosterGetNumFeature", self._handle, ctypes.byref(features))
        call("LGBM_BoosterGetNumClasses", self._handle, ctypes.byref(classes))
        if (features.value, classes.value) != (self._feature_count, self.classes):
            raise PackageInvalid(
                f"the LightGBM model reads {features.value} features and has {classes.value} outputs; "
                f"the manifest says {self._feature_count} and {self.classes}"
            )


class _SingleRow:
    """LightGBM's single-row-fast predictor with its own input and output buffers. Not thread-safe."""

    def __init__(self, handle: ctypes.c_void_p, feature_count: int, classes: int) -> None:
        self._config = ctypes.c_void_p()
        call(
            "LGBM_BoosterPredictForMatSingleRowFastInit", handle, _RAW_SCORE, 0, -1, _FLOAT64,
            ctypes.c_int32(feature_count), ctypes.c_char_p(_PARAMETERS), ctypes.byref(self._config),
        )  # fmt: skip
        lib = library()
        weakref.finalize(self, lib.LGBM_FastConfigFree, self._config).atexit = False
        self._call = quick_library().LGBM_BoosterPredictForMatSingleRowFast
        self._row = np.empty(feature_count, dtype=np.float64)
        self._out = np.empty(classes, dtype=np.float64)
        self._arguments = (
            self._config, ctypes.c_void_p(self._row.ctypes.data),
            ctypes.byref(ctypes.c_int64()), ctypes.c_void_p(self._out.ctypes.data),
        )  # fmt: skip

    def sums(self, row: Floats) -> list[float]:
        self._row[:] = row
        if self._call(*self._arguments) != 0:
            call("LGBM_BoosterPredictForMatSingleRowFast", *self._arguments)  # again, for the reason
        sums: list[float] = self._out.tolist()
        return sums
