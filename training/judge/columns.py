"""Which prepared columns stand for which feature: they are shuffled, explained and left out together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from training.rows import Floats


def columns_by_feature(names: Sequence[str], features: Sequence[str]) -> dict[str, list[int]]:
    """Feature -> positions of its columns, in the order of `names` (see `FittedPreparation.names`).

    A column belongs to the feature whose key it is, or begins with before "=", "#", ", share of" or " is missing"; else
    (a derived one) to itself.

    >>> columns_by_feature(["v:age", "v:town=Bonn", "v:town=Ulm", "v:age is missing", "rfm"], ["v:age", "v:town"])
    {'v:age': [0, 3], 'v:town': [1, 2], 'rfm': [4]}
    >>> columns_by_feature(["v:town#7", "v:town#9", "v:age, share of class 0"], ["v:age", "v:town"])
    {'v:town': [0, 1], 'v:age': [2]}
    """
    known = set(features)
    out: dict[str, list[int]] = {}
    for position, name in enumerate(names):
        out.setdefault(_feature(name, known), []).append(position)
    return out


def together(contributions: Floats, groups: dict[str, list[int]]) -> Floats:
    """[n, columns] -> [n, features]: contributions of a feature's columns added up, as Shapley values may be."""
    return np.stack([contributions[:, columns].sum(axis=1) for columns in groups.values()], axis=1)


def _feature(name: str, known: set[str]) -> str:
    for stem in (
        name,
        name.removesuffix(" is missing"),
        *(name.split(mark, 1)[0] for mark in ("=", "#", ", share of")),
    ):
        if stem in known:
            return stem
    return name
