"""The gate that holds without being declared where a check for leaks failed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from training.gates.declared import Outcome

METRIC: Final = "leaks_found"


def leaks_outcome(leaks: Sequence[Mapping[str, Any]]) -> Outcome:
    """Of `details["leaks"]`. A person looks: some checks prove a leak, others raise an alarm."""
    failed = [str(one["statement"]).rstrip(".") for one in leaks if not one["passed"]]
    said = f"{len(failed)} of {len(leaks)} checks for leaks failed: {'; '.join(failed)}"
    if not failed:
        said = f"each of {len(leaks)} checks for leaks passed"
    return Outcome(METRIC, "none", float(len(failed)), not failed, "hold", said)
