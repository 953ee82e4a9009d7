"""Algorithms: one file each, named by its kind, found by its `ALGORITHM`. See `port.py` for what it has to do."""

from __future__ import annotations

import importlib
import pkgutil
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from training.algorithms.port import ClusterAlgorithm, LabelAlgorithm
    from training.sections import ClusterSection, LabelSection

_NO_ALGORITHM: Final = frozenset({"port"})


def list_algorithms() -> list[str]:
    """Their kinds, sorted. A module here is one, or is shared by some of them and begins with `_`."""
    names = {each.name for each in pkgutil.iter_modules(__path__) if not each.name.startswith("_")}
    return sorted(names - _NO_ALGORITHM)


def section_of(kind: object) -> type[ClusterSection] | type[LabelSection]:
    """What a file's `algorithm` has to be. Raises ValueError, naming the kinds there are."""
    if kind not in list_algorithms():
        raise ValueError(f"kind {kind!r} is no algorithm; there are {', '.join(list_algorithms())}")
    found: type[ClusterSection] | type[LabelSection] = _algorithm(str(kind)).section
    return found


def cluster_algorithm(section: ClusterSection) -> ClusterAlgorithm:
    """Of a checked section."""
    found: ClusterAlgorithm = _algorithm(section.kind)
    return found


def label_algorithm(section: LabelSection) -> LabelAlgorithm:
    """Of a checked section."""
    found: LabelAlgorithm = _algorithm(section.kind)
    return found


def _algorithm(kind: str) -> Any:
    """Its module is imported now: a training loads one library, not all of them."""
    return importlib.import_module(f"{__name__}.{kind}").ALGORITHM
