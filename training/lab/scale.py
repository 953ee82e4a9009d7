"""`python -m training.lab.scale ALGORITHM USERS FEATURES SCRATCH`: one algorithm on simulated users."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import Any, Final

import yaml

from training.definition import FOLDER, Definition
from training.fitting import fit
from training.lab.isolated import peak_memory_mb, tell_result
from training.lab.simulated import simulate
from training.lab.subjects import OWN_KEYS

ALGORITHMS: Final = ("kmeans", "minibatch_kmeans", "lightgbm")
SEED: Final = 11


_BANDS: Final = [
    {"key": "likely", "label": "Likely", "description": "Half of all who respond.", "recall_at_least": 0.5},
    {"key": "possible", "label": "Possible", "description": "Nearly all of the others.", "recall_at_least": 0.95},
    {"key": "unlikely", "label": "Unlikely", "description": "The rest."},
]


def define_simulated(algorithm: str, features: int) -> Definition:
    """Clusters with the shipped archetypes, whose axes share the features out; or bands of a simulated response."""
    names = [f"simulated:f{number:02d}" for number in range(features)]
    shipped = yaml.safe_load((FOLDER / "value_tiers.yaml").read_text("utf-8"))
    document: dict[str, Any] = {
        "name": f"simulated_{algorithm}", "description": "Simulated users.", "feature_service": "simulated",
    }  # fmt: skip
    if algorithm == "lightgbm":
        shipped = yaml.safe_load((FOLDER / "promo_responder.yaml").read_text("utf-8"))
        section = {"bands": _BANDS, **OWN_KEYS["lightgbm"], "kind": algorithm}
        document |= {"label": shipped["label"], "split": shipped["split"], "fallback": ["unlikely"]}
    else:
        axes = shipped["algorithm"]["axes"]
        shared = {
            name: {"features": names[place :: len(axes)], "missing": "median", "unit": "", "reversed": False}
            for place, name in enumerate(axes)
        }
        section = {
            "kind": algorithm, "k_range": [4, 6], "axes": shared, "archetypes": shipped["algorithm"]["archetypes"],
        }  # fmt: skip
        document["fallback"] = [each["key"] for each in shipped["algorithm"]["archetypes"]]
    return Definition.model_validate(document | {"algorithm": section})


def run(algorithm: str, users: int, features: int, scratch: Path) -> dict[str, Any]:
    """Simulate, fit, judge. What was judged before an interruption is found again in `scratch`."""
    began_s = time.perf_counter()
    rows = simulate(users, features, SEED, labelled=algorithm == "lightgbm")
    made_s, made_mb = time.perf_counter(), peak_memory_mb()
    definition = define_simulated(algorithm, features)

    def tell(stage: str) -> None:
        print(f"  {algorithm}: {stage}", file=sys.stderr)

    fitted = fit(definition, rows, scratch=scratch, progress=tell)
    fitted_s = time.perf_counter()
    evaluation = fitted.evaluate()
    return {
        "algorithm": algorithm,
        "users": users,
        "features": features,
        "simulating_s": round(made_s - began_s, 1),
        "training_s": round(fitted_s - made_s, 1),
        "judging_s": round(time.perf_counter() - fitted_s, 1),
        "rows_mb": round(made_mb, 1),
        "peak_memory_mb": round(peak_memory_mb(), 1),
        "metrics": evaluation.metrics,
    }


if __name__ == "__main__":
    tell_result(run(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])))
