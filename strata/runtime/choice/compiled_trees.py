"""Trees compiled to machine code by lleaves: a shared object with one function, called through ctypes."""

from __future__ import annotations

import ctypes
from pathlib import Path
from typing import Final

import numpy as np

from strata.errors import PackageInvalid
from strata.runtime.model import Floats

FILE_NAME: Final = "trees.so"
FUNCTION: Final = "strata_forest"


class CompiledTrees:
    """Sums of a compiled forest, from any thread. The file's digest was compared before: loading runs its code."""

    def __init__(self, path: Path, classes: int) -> None:
        """Raises PackageInvalid when it cannot be loaded on this machine."""
        try:
            self._forest = getattr(ctypes.CDLL(str(path.resolve())), FUNCTION)
        except (OSError, AttributeError) as error:
            raise PackageInvalid(f"{path.name} cannot be loaded on this machine: {error}") from None
        self._forest.restype = None
        self._forest.argtypes = [ctypes.c_void_p, ctypes.c_void_p, ctypes.c_int32, ctypes.c_int32]
        self._classes: Final = classes

    def sums(self, values: Floats) -> Floats:
        """[n, classes] for float64 [n, f], NaN for missing."""
        rows = np.ascontiguousarray(values)
        found = np.zeros((len(rows), self._classes))
        self._forest(rows.ctypes.data, found.ctypes.data, 0, len(rows))
        return found
