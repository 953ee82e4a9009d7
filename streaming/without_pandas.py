"""Keep pandas out of a process that writes Parquet.

PyArrow imports pandas, where it is installed, the first time a list becomes an array: a second's work of a core that
holds Python's lock, and 50 MB, in the middle of folding and for nothing. Told that pandas is not there, it goes on
without.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from importlib.abc import MetaPathFinder
from typing import Any


class _NoPandas(MetaPathFinder):
    def find_spec(self, fullname: str, path: Sequence[str] | None, target: Any = None) -> None:
        if fullname == "pandas":
            raise ModuleNotFoundError("pandas is kept out of this process", name=fullname)


def keep_pandas_out() -> None:
    """From now on `import pandas` fails in this process, unless it happened before."""
    if not any(isinstance(finder, _NoPandas) for finder in sys.meta_path):
        sys.meta_path.insert(0, _NoPandas())
