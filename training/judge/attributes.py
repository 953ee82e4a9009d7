"""Groups of a protected attribute: a category's values, or bands of a number."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from training.rows import Floats

MISSING = "not known"


@dataclass(frozen=True)
class Attribute:
    """Which group each row belongs to."""

    name: str
    groups: tuple[str, ...]
    of_row: NDArray[np.intp]
    """[n] position in `groups`."""
    cut: str = ""
    """Of a number, where its bands come from, in a sentence."""


def category_attribute(name: str, column: Floats, categories: Sequence[str]) -> Attribute:
    """`column` [n] holds positions in `categories`, NaN where not known, which is a group too: nobody is left out.

    >>> category_attribute("age", np.array([1.0, np.nan, 0.0]), ["young", "old"]).groups
    ('young', 'old', 'not known')
    """
    return _attribute(name, (*categories, MISSING), np.where(np.isnan(column), len(categories), column))


def banded_attribute(name: str, column: Floats, edges: Sequence[float]) -> Attribute:
    """Bands between ascending `edges` (one band where there are none); a value on an edge belongs to the band above it.

    >>> found = banded_attribute("age", np.array([17.0, 30.0, 65.0, np.nan]), [30, 65])
    >>> found.groups, found.of_row.tolist()
    (('under 30', '30 to 65', '65 or more', 'not known'), [0, 1, 2, 3])
    """
    spans = [f"{low:g} to {high:g}" for low, high in pairwise(edges)]
    names = [f"under {edges[0]:g}", *spans, f"{edges[-1]:g} or more"] if edges else ["all"]
    band = np.searchsorted(np.asarray(edges, dtype=np.float64), column, side="right")
    return _attribute(name, (*names, MISSING), np.where(np.isnan(column), len(names), band))


def number_attribute(name: str, column: Floats, edges: Sequence[float] | None) -> Attribute:
    """Bands between the edges a file declares, else between quartiles of these rows; and a sentence about which."""
    if edges is not None:
        cut = f"Bands end at {_listed(edges)}, as declared."
        return replace(banded_attribute(name, column, edges), cut=cut)
    found = quartile_edges(column)
    cut = f"Bands end at {_listed(found)}, quartiles of these rows, since no edges are declared." if found else ""
    return replace(banded_attribute(name, column, found), cut=cut)


def quartile_edges(column: Floats) -> list[float]:
    """Where nobody states bands: quartiles of what is known, of which equal ones count once. Empty for a constant."""
    known = column[~np.isnan(column)]
    if not len(known):
        return []
    edges = np.unique(np.quantile(known, [0.25, 0.5, 0.75], method="higher"))
    return [float(edge) for edge in edges if edge > known.min()]


def _listed(edges: Sequence[float]) -> str:
    """As the names of bands have them."""
    *most, last = [f"{edge:g}" for edge in edges]
    return f"{', '.join(most)} and {last}" if most else last


def _attribute(name: str, groups: Sequence[str], found: Floats) -> Attribute:
    """Groups that nobody is in are dropped."""
    present, of_row = np.unique(found.astype(np.intp), return_inverse=True)
    return Attribute(name, tuple(groups[place] for place in present), of_row.astype(np.intp))
