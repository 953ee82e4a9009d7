"""A function of the C kernel that scores rows, called in the way that suits how many there are."""

from __future__ import annotations

import ctypes
from typing import Any, Final, NamedTuple

from strata.features import native_source

FEW_ROWS: Final = 8
"""Up to so many the interpreter's lock is kept: giving it up costs more than the scoring."""


class KernelScore(NamedTuple):
    """How the kernel asks a model about one row: see native/score.h. The addresses are good while `held` lives."""

    function: int
    model: int
    held: object


class Verdict(ctypes.Structure):
    """What the kernel says of one row."""

    _fields_ = (("score", ctypes.c_double), ("segment", ctypes.c_int64))


def scoring_function(name: str) -> int:
    """The address of a function that scores one row."""
    address = ctypes.cast(getattr(ctypes.CDLL(str(native_source.library())), name), ctypes.c_void_p).value
    assert address is not None
    return address


class NativeCall:
    """`name(model, rows, count, found)`: a model's address, float64 rows one after the other, room for the results."""

    def __init__(self, name: str) -> None:
        library = str(native_source.library())
        self.few: Any = getattr(ctypes.PyDLL(library), name)
        """Keeps the interpreter's lock."""
        self._many: Any = getattr(ctypes.CDLL(library), name)
        for function in (self.few, self._many):
            function.restype = None
            function.argtypes = (ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int64, ctypes.c_void_p)

    def __call__(self, model: int, rows: int, count: int, found: int) -> None:
        (self.few if count <= FEW_ROWS else self._many)(model, rows, count, found)
