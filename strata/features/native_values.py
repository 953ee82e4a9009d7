"""Reading rows by the C kernel, as `table_values.PlainValues` reads them, in every bit."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from ctypes import byref, c_char_p, c_double, c_int64

import numpy as np
import numpy.typing as npt

from strata.features.layout import Layout
from strata.features.native_handle import NativeHandle, NativePlan

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
_NONE = -1
_Times = c_int64 * 2


class NativeValues:
    """One table's rows, compiled. Make it with `NativeLibrary.table_values`."""

    def __init__(self, handle: NativeHandle, layout: Layout, plan: NativePlan, address: int, width: int) -> None:
        self._handle, self._table, self._plan = handle, layout.table, plan
        self.address, self._width = address, width
        """For the kernel, as long as this object lives."""
        self._read_one, self._free = handle.read_one, handle.call.read_plan_free

    def __del__(self) -> None:
        self._free(self.address)

    def one(self, row: bytes, t_us: int, values: Floats) -> tuple[int, int] | None:
        """See `TableValues.one`."""
        if len(values) < self._width:
            raise ValueError(f"{len(values)} values cannot hold {self._width} columns")
        times = _Times()
        first = c_double.from_buffer(values)  # type: ignore[arg-type] # an array is a buffer, numpy's stubs aside
        found = self._read_one(self.address, row, len(row), t_us, byref(first), times)
        if found:
            if found == _NONE:
                return None
            self._handle.check(found, self._table)
        return times[0], times[1]

    def many(self, rows: Sequence[bytes | None], t_us: int, values: Floats, times: tuple[Ints, Ints]) -> None:
        """See `TableValues.many`."""
        if not len(rows):
            return
        if values.shape[0] < len(rows) or values.shape[1] < self._width or values.strides[1] != 8:
            raise ValueError(f"values of shape {values.shape} cannot hold {len(rows)} x {self._width}")
        sizes = array("I", [0 if row is None else len(row) for row in rows])
        found = self._handle.call.read_many(
            self.address, (c_char_p * len(rows))(*rows), sizes.buffer_info()[0], len(rows), t_us, values.ctypes.data,
            values.strides[0] // 8, times[0].ctypes.data, times[1].ctypes.data,
        )  # fmt: skip
        self._handle.check(found, self._table)
