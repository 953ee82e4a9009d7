"""A calibrated, banded forest as the C kernel scores one row by itself: the same bits as `boosted`."""

from __future__ import annotations

import ctypes
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strata.runtime.calibration import Calibration, Isotonic, Platt
from strata.runtime.model import Floats
from strata.runtime.native_call import KernelScore, scoring_function
from strata.runtime.native_trees import NativeTrees


class _Bands(ctypes.Structure):
    _fields_ = (
        ("forest", ctypes.c_void_p), ("slope", ctypes.c_double), ("offset", ctypes.c_double),
        ("knots", ctypes.c_void_p), ("levels", ctypes.c_void_p), ("slopes", ctypes.c_void_p),
        ("knot_count", ctypes.c_int64), ("thresholds", ctypes.c_void_p), ("segments", ctypes.c_void_p),
        ("threshold_count", ctypes.c_int64),
    )  # fmt: skip


def native_bands(
    trees: NativeTrees, calibration: Calibration, thresholds: Floats, bands: NDArray[np.int32]
) -> KernelScore | None:
    """See `BoostedModel` for the arguments. None for a calibration the kernel does not know."""
    limits = np.ascontiguousarray(thresholds, dtype=np.float64)
    segments = np.ascontiguousarray(bands, dtype=np.int64)
    line: tuple[NDArray[Any], ...] = ()
    slope = offset = 0.0
    if isinstance(calibration, Platt):
        slope, offset = calibration.slope, calibration.offset
    elif isinstance(calibration, Isotonic):
        line = _line(calibration)
    else:
        return None
    model = _Bands(
        trees.address, slope, offset, *(each.ctypes.data for each in line or (limits,) * 3),
        len(line[0]) if line else 0, limits.ctypes.data, segments.ctypes.data, len(limits),
    )  # fmt: skip
    held = (trees, limits, segments, line, model)
    return KernelScore(scoring_function("strata_bands"), ctypes.addressof(model), held)


def _line(calibration: Isotonic) -> tuple[Floats, Floats, Floats]:
    """Knots, levels, and the slope from each knot to the next: as numpy.interp has them."""
    knots = np.ascontiguousarray(calibration.raw, dtype=np.float64)
    levels = np.ascontiguousarray(calibration.probability, dtype=np.float64)
    return knots, levels, np.append(np.diff(levels) / np.diff(knots), 0.0)
