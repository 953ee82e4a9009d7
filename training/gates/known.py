"""Which figures a gate may name, so that a typing error is told before any long work."""

from __future__ import annotations

import difflib
import re
from typing import Final

from strata.errors import DefinitionInvalid
from training.definition import Definition

EITHER: Final = frozenset(
    {"champion_difference", "export_difference", "latency_us_1", "latency_us_500", "moved_share", "segments",
     "smallest_share"}
)  # fmt: skip
CLUSTERS: Final = frozenset(
    {"baseline_silhouette", "calinski_harabasz", "davies_bouldin", "noise_share", "silhouette", "stability",
     "window_agreement"}
)  # fmt: skip
LABELS: Final = frozenset(
    {"accuracy", "average_precision", "base_rate", "baseline_accuracy", "brier", "calibration_error", "leaks_found",
     "log_loss", "macro_f1", "precision_top_band", "recall_top_band", "roc_auc"}
)  # fmt: skip
_FAIRNESS: Final = re.compile(r"fairness\.[^.]+\.(demographic_parity|demographic_parity_ratio|equalised_odds)")


def check_names(definition: Definition) -> None:
    """Raise DefinitionInvalid for a gate on a figure that no training of this kind has."""
    known = EITHER | (LABELS if definition.supervised else CLUSTERS)
    for name in definition.gates:
        if name in known or (definition.supervised and _FAIRNESS.fullmatch(name)):
            continue
        near = difflib.get_close_matches(name, known, n=1)
        guess = f"did you mean {near[0]}?" if near else f"there are {', '.join(sorted(known))}"
        raise DefinitionInvalid(f"{definition.name}: gate {name} is no figure of such a training; {guess}")
