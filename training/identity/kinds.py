"""What of a package decides how its segments are told apart: found in the data, or declared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from strata.runtime import Manifest
from training.algorithms import list_algorithms, section_of
from training.sections import ClusterSection


def found_in_data(manifest: Manifest) -> bool:
    """True for clusters, whose segments are matched by users; bands and classes are what they are called."""
    return manifest.algorithm in list_algorithms() and issubclass(section_of(manifest.algorithm), ClusterSection)


def noise_position(model: Mapping[str, Any]) -> int | None:
    """Position of the segment of users who belong nowhere, in a package's model; None where there is none."""
    inner = model.get("model", model)
    found = inner.get("noise") if isinstance(inner, dict) else None
    return found if isinstance(found, int) else None
