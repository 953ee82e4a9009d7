"""What `feast apply` reads: every Feast object of every module in definitions/.

Feast imports this file by its own name from inside the folder, and would import each definition a second time
under another name if it found them itself. Here each is imported once, so `is` and `==` agree.
"""

from __future__ import annotations

import importlib
import pkgutil
from typing import Any

from feast import Entity, FeatureService, FeatureView, OnDemandFeatureView
from feast.data_source import DataSource

from feature_repo import definitions

KINDS = (Entity, DataSource, FeatureView, OnDemandFeatureView, FeatureService)


def defined_objects() -> dict[str, Any]:
    """Every definition by the name of its kind and its own, in the order of modules."""
    found: dict[str, Any] = {}
    for info in sorted(pkgutil.iter_modules(definitions.__path__), key=lambda module: module.name):
        module = importlib.import_module(f"{definitions.__name__}.{info.name}")
        for value in vars(module).values():
            if isinstance(value, KINDS):
                found[f"{type(value).__name__}_{value.name}"] = value
    return found


globals().update(defined_objects())
