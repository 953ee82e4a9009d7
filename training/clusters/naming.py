"""Which name each centroid gets: a rule, so that the same shape always has the same name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import numpy as np
from scipy.optimize import linear_sum_assignment

from training.rows import Floats
from training.sections import Archetype

TYPICAL: Final = " Typical: "
"""Between a segment's description and its figures."""


def name_centroids(positions: Floats, axes: Sequence[str], archetypes: Sequence[Archetype]) -> list[Archetype]:
    """One archetype per centroid, each used at most once, so that the total squared distance is least.

    `positions` is [k, axes] in [0, 1]: where each centroid lies on each axis. Names never repeat, and the order of
    the centroids has no influence on who gets which (the Hungarian method, Kuhn 1955).
    """
    anchors = np.array([[archetype.anchor[axis] for axis in axes] for archetype in archetypes])
    cost = ((positions[:, None, :] - anchors[None, :, :]) ** 2).sum(axis=2)
    chosen = linear_sum_assignment(cost)[1]
    return [archetypes[index] for index in chosen]


def describe_centroid(text: str, medians: Mapping[str, str]) -> str:
    """The archetype's sentence and the typical member in original units."""
    return f"{text}{TYPICAL}{', '.join(f'{value} ({name})' for name, value in medians.items())}."
