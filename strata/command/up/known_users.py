"""Some users the history knows, to ask about when it must be seen whether answers are live."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

HOW_MANY = 5

# In a process of its own: Arrow would stay in the supervisor's memory for as long as the platform runs.
READER = """
import json, sys
import pyarrow.parquet as parquet
batch = next(parquet.ParquetFile(sys.argv[1]).iter_batches(batch_size=4096, columns=["user_id"]))
print(json.dumps(list(dict.fromkeys(batch.column(0).to_pylist()))[: int(sys.argv[2])]))
"""


def known_users(history: Path, before_month: str) -> list[str]:
    """Up to five users with events in the last month partition before `before_month` (YYYY-MM)."""
    months = [
        folder for folder in sorted((history / "events").glob("month=*")) if folder.name < f"month={before_month}"
    ]
    for month in reversed(months):
        for path in sorted(month.glob("*.parquet")):
            reader = [sys.executable, "-c", READER, str(path), str(HOW_MANY)]
            found = subprocess.run(reader, capture_output=True, text=True, check=False)
            if found.returncode == 0 and (users := json.loads(found.stdout)):
                return [str(user) for user in users]
    return []
