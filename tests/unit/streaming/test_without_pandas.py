"""PyArrow goes on without pandas."""

from __future__ import annotations

import subprocess
import sys

PROGRAM = """
import sys
from streaming.without_pandas import keep_pandas_out
keep_pandas_out()
keep_pandas_out()
import pyarrow as pa
print(pa.table({"user_id": pa.array(["b", "a"])}).sort_by("user_id").to_pydict(), "pandas" in sys.modules)
"""


def test_arrays_are_made_and_sorted_without_pandas() -> None:
    """A process that keeps pandas out never loads it, however often it says so."""
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert done.stdout == "{'user_id': ['a', 'b']} False\n"
