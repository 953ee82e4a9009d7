"""The library's functions, what they return, and the things it makes: plans and arenas."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from contextlib import contextmanager
from ctypes import c_char_p, c_int, c_int64, c_size_t, c_void_p
from pathlib import Path
from struct import error
from typing import Any, Final

from strata.features.layout import Layout
from strata.features.native_plan import layout_blob
from strata.features.packed import RecordDamaged
from strata.features.user_row import RowDamaged

_RECORD_FAULTS: Final = 200
_OTHER_FAULTS: Final = 300
_NO_MEMORY: Final = 300
_PLANS: Final = 256
_P: Final = c_void_p
_FUNCTIONS: Final[dict[str, tuple[Any, tuple[Any, ...]]]] = {
    "fault": (c_char_p, (c_int,)),
    "plan_new": (_P, (c_char_p, c_size_t)),
    "plan_free": (None, (_P,)),
    "arena_new": (_P, ()),
    "arena_free": (None, (_P,)),
    "arena_rows": (_P, (_P,)),
    "fold": (c_int, (_P, _P, _P, _P, c_int64, _P, _P, c_int64, _P, _P, _P, _P, _P)),
    "build_new": (_P, (_P, _P)),
    "build_free": (None, (_P,)),
    "build": (c_int, (_P, _P, _P, c_int64, _P, _P)),
    "read_plan_new": (_P, (_P, c_char_p, c_size_t)),
    "read_plan_free": (None, (_P,)),
    "read_many": (c_int, (_P, _P, _P, c_int64, c_int64, _P, c_int64, _P, _P)),
}


class NativePlan:
    """A layout compiled, in the library's memory."""

    def __init__(self, handle: NativeHandle, address: int) -> None:
        self.address = address
        self._free = handle.call.plan_free

    def __del__(self) -> None:
        self._free(self.address)


class _Call:
    """The library's functions by their short names, typed."""

    def __init__(self, library: ctypes.CDLL) -> None:
        for name, (result, arguments) in _FUNCTIONS.items():
            function = getattr(library, f"strata_{name}")
            function.restype, function.argtypes = result, arguments
            setattr(self, name, function)

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(name)


class NativeHandle:
    """The loaded library. Safe for any number of threads: an arena is one call's at a time."""

    def __init__(self, path: Path) -> None:
        self.call = _Call(ctypes.CDLL(str(path)))
        self.read_one = ctypes.PyDLL(str(path)).strata_read_one
        self.read_one.restype = c_int
        self.read_one.argtypes = (_P, c_char_p, c_size_t, c_int64, _P, _P)
        self.read_facts = ctypes.PyDLL(str(path)).strata_read_facts
        self.read_facts.restype = c_int
        self.read_facts.argtypes = (_P, c_char_p, c_size_t, c_int64, _P, _P)
        self._arenas: list[int] = []
        self._plans: dict[int, NativePlan | None] = {}

    def plan(self, layout: Layout) -> NativePlan | None:
        """A layout compiled, remembered by its fingerprint; None for one this kernel cannot do."""
        key = layout.fingerprint
        if key not in self._plans:
            if len(self._plans) >= _PLANS:
                self._plans.clear()
            self._plans[key] = self._compile(layout)
        return self._plans[key]

    @contextmanager
    def arena(self) -> Iterator[int]:
        """Scratch for one call, kept for later ones."""
        arena = self._arenas.pop() if self._arenas else self.call.arena_new()
        if not arena:
            raise MemoryError
        try:
            yield arena
        finally:
            self._arenas.append(arena)

    def check(self, fault: int, table: str) -> None:
        """Raise what a fault is: RowDamaged, RecordDamaged, IndexError or MemoryError."""
        if not fault:
            return
        reason = self.call.fault(fault).decode()
        if fault < _RECORD_FAULTS:
            raise RowDamaged(table, reason)
        if fault < _OTHER_FAULTS:
            raise RecordDamaged(reason)
        raise MemoryError if fault == _NO_MEMORY else IndexError(reason)

    def _compile(self, layout: Layout) -> NativePlan | None:
        try:
            blob = layout_blob(layout)
        except (error, ValueError):
            return None
        address = self.call.plan_new(blob, len(blob))
        return NativePlan(self, address) if address else None
