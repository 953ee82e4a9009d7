"""Import Feast without its side effects.

`import feast` costs about two seconds of CPU (eight without `deferred_checks`), so nothing imports it before it is
needed. It also sends `prometheus_client` into multiprocess mode through environment variables that child processes
would inherit, and puts two global warning filters first. All of it stays inside this function.
"""

from __future__ import annotations

import importlib
import os
import warnings
from types import ModuleType
from typing import Final

from feature_repo.deferred_checks import deferred_checks

_MULTIPROCESS: Final = ("PROMETHEUS_MULTIPROCESS_DIR", "PROMETHEUS_MULTIPROC_DIR")


def import_feast() -> ModuleType:
    """The `feast` module, imported once; metrics of this process keep their mode."""
    os.environ.setdefault("DO_NOT_TRACK", "1")
    added = [name for name in _MULTIPROCESS if name not in os.environ]
    importlib.import_module("prometheus_client")
    with warnings.catch_warnings(), deferred_checks():
        feast = importlib.import_module("feast")
    for name in added:
        os.environ.pop(name, None)
    return feast
