"""Reading row views by the C kernel, as `facts.read_fact` reads them, in every bit."""

from __future__ import annotations

from collections.abc import Sequence
from ctypes import Structure, addressof, byref, c_double, c_int32, c_int64, c_uint64, c_void_p

import numpy as np
import numpy.typing as npt

from strata.features.native_handle import NativeHandle
from strata.features.plan import Plan

Floats = npt.NDArray[np.float64]
_NONE = -1
_NO_TTL = -1


class _Field(Structure):
    _fields_ = (("place", c_int32), ("column", c_int32), ("is_float", c_int32), ("unused", c_int32))


class _Facts(Structure):
    _fields_ = (
        ("fingerprint", c_uint64), ("ttl_us", c_int64), ("width", c_int64), ("count", c_int64), ("fields", c_void_p),
    )  # fmt: skip


class NativeFacts:
    """Some fields of one row view, compiled. Make it with `NativeLibrary.facts`."""

    def __init__(self, handle: NativeHandle, plan: Plan, fields: Sequence[tuple[int, int]]) -> None:
        """`fields`: (field, column of the values it goes to)."""
        self._handle, self._plan = handle, plan
        self._read, self._width = handle.read_facts, 1 + max((column for _, column in fields), default=0)
        floats = set(plan.float_fields.tolist())
        self._fields = (_Field * len(fields))(*(_Field(f, column, f in floats, 0) for f, column in fields))
        ttl_us = _NO_TTL if plan.ttl_us is None else plan.ttl_us
        self._facts = _Facts(plan.fingerprint, ttl_us, plan.width, len(fields), addressof(self._fields))
        self.address = addressof(self._facts)
        """For the kernel, as long as this object lives."""

    def one(self, row: bytes, t_us: int, values: Floats) -> tuple[int, int] | None:
        """See `TableValues.one`; both times are the fact's."""
        if len(values) < self._width:
            raise ValueError(f"{len(values)} values cannot hold {self._width} columns")
        first = c_double.from_buffer(values)  # type: ignore[arg-type] # an array is a buffer, numpy's stubs aside
        event_us = c_int64()
        found = self._read(self.address, row, len(row), t_us, byref(first), byref(event_us))
        if found:
            if found == _NONE:
                return None
            self._handle.check(found, self._plan.spec.name)
        return event_us.value, event_us.value
