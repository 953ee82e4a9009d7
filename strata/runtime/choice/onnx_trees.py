"""Trees scored by onnxruntime, on one thread; imported only where it was chosen."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np

from strata.errors import PackageInvalid
from strata.runtime.model import Floats

FILE_NAME: Final = "trees.onnx"
INPUT: Final = "rows"


class OnnxTrees:
    """Sums of a forest written as one TreeEnsembleRegressor, in double precision."""

    def __init__(self, path: Path) -> None:
        """Raises PackageInvalid when onnxruntime is not installed or refuses the file."""
        try:
            import onnxruntime
        except ImportError:
            raise PackageInvalid("onnxruntime is not installed here") from None
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.log_severity_level = 4
        try:
            self._session: Any = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except Exception as error:  # onnxruntime's own have no common base but Exception
            raise PackageInvalid(f"onnxruntime refuses {path.name}: {str(error).splitlines()[0]}") from None

    def sums(self, values: Floats) -> Floats:
        """[n, classes] for float64 [n, f], NaN for missing."""
        found = self._session.run(None, {INPUT: np.ascontiguousarray(values)})[0]
        return np.asarray(found, dtype=np.float64)
