"""A process that pushes prepared batches through Feast, once for each line it reads.

    python -m loadtests.peers.pushed.push --rows N --batch B --users U

Prints `made` when its frames are ready. For each line: pushes all of them and prints a line of JSON with rows,
seconds and cpu_s. Ends with its input.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from loadtests.bench.processes import own_cpu_s

REPOSITORY = Path(__file__).with_name("feature_repo")


def make_frames(columns: dict[str, list[str]], rows: int, batch: int, users: int) -> list[Any]:
    """Batches of rows with all columns of all views, of users in turn."""
    import numpy as np
    import pandas as pd

    names = [f"{view}__{name}" for view, features in columns.items() for name in features]
    chance = np.random.default_rng(1)
    frames = []
    for start in range(0, rows, batch):
        size = min(batch, rows - start)
        frame = pd.DataFrame(chance.random((size, len(names))), columns=names)
        frame.insert(0, "event_timestamp", datetime.now(UTC))
        frame.insert(0, "user_id", [f"load-{(start + i) % users}" for i in range(size)])
        frames.append(frame)
    return frames


def main() -> None:
    """The process."""
    warnings.simplefilter("ignore")
    parser = argparse.ArgumentParser(description=__doc__)
    for name in ("rows", "batch", "users"):
        parser.add_argument(f"--{name}", type=int, required=True)
    asked = parser.parse_args()
    from feast import FeatureStore
    from feast.data_source import PushMode

    from loadtests.peers.pushed.feature_repo import definitions

    store = FeatureStore(repo_path=str(REPOSITORY))
    store.apply([definitions.user, definitions.rows, definitions.pushed, *definitions.views])
    frames = make_frames(definitions.columns, asked.rows, asked.batch, asked.users)
    store.push(definitions.PUSH_SOURCE, frames[0], to=PushMode.ONLINE)
    print("made", flush=True)
    for _ in sys.stdin:
        began_s, began_cpu_s = time.monotonic(), own_cpu_s()
        for frame in frames:
            store.push(definitions.PUSH_SOURCE, frame, to=PushMode.ONLINE)
        found = {"rows": asked.rows, "seconds": time.monotonic() - began_s, "cpu_s": own_cpu_s() - began_cpu_s}
        print(json.dumps(found), flush=True)


if __name__ == "__main__":
    main()
