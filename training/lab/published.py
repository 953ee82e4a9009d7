"""`python -m training.lab.published TABLE FOLDER SCRATCH TRIALS`: a figure of `quality`, beside what others reached."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from training.lab.isolated import peak_memory_mb, tell_result
from training.lab.quality import adult_quality, shoppers_quality

MEASURES: Final[dict[str, Callable[..., dict[str, Any]]]] = {
    "online_shoppers": shoppers_quality, "adult": adult_quality,
}  # fmt: skip
FLOORS: Final = {"online_shoppers": ("roc_auc", 0.93), "adult": ("accuracy", 0.87)}
PUBLISHED: Final = {
    "online_shoppers": "PMC10121810 (2023): ROC AUC 0.937 by XGBoost with oversampling and feature selection; "
    "Sakar et al. 2018: accuracy and F1 alone",
    "adult": "adult.names of UCI: accuracy 0.8595 (FSS naive Bayes), 0.8590 (NBTree), 0.8446 (C4.5) on the same test "
    "split, rows with missing values left out",
}


def run(table: str, folder: Path, scratch: Path, trials: int) -> dict[str, Any]:
    """The figure with its interval, the floor it is held to, and what was published."""

    def tell(stage: str) -> None:
        print(f"  {table}: {stage}", file=sys.stderr, flush=True)

    began_s = time.perf_counter()
    found = MEASURES[table](folder, trials=trials, scratch=scratch, progress=tell)
    metric, floor = FLOORS[table]
    return {
        **found, "metric": metric, "floor": floor, "reached": found[metric]["value"] >= floor,
        "published": PUBLISHED[table], "trials": trials, "seconds": round(time.perf_counter() - began_s, 1),
        "peak_memory_mb": round(peak_memory_mb(), 1),
    }  # fmt: skip


if __name__ == "__main__":
    tell_result(run(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), int(sys.argv[4])))
