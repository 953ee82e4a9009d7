"""LightGBM's C library through ctypes, found without importing the lightgbm package.

`import lightgbm` costs about 3 s of CPU because it pulls scikit-learn and pandas in; the shared object beside
it loads in milliseconds and is all that scoring needs (docs: C API of LightGBM 4).
"""

from __future__ import annotations

import ctypes
import importlib.util
import logging
from functools import cache
from pathlib import Path
from typing import Final

from strata.errors import PackageInvalid

_log = logging.getLogger(__name__)


def _forward(message: bytes) -> None:
    _log.debug("%s", message.decode(errors="replace").rstrip())


# Module-level, so that it outlives the library that calls it.
_CALLBACK: Final = ctypes.CFUNCTYPE(None, ctypes.c_char_p)(_forward)


@cache
def library() -> ctypes.CDLL:
    """The loaded library; once per process. Raises PackageInvalid when LightGBM is not installed."""
    path = _find()
    try:
        loaded = ctypes.CDLL(str(path))
    except OSError as error:
        raise PackageInvalid(f"LightGBM's library does not load ({error}); is libgomp installed?") from None
    loaded.LGBM_GetLastError.restype = ctypes.c_char_p
    loaded.LGBM_RegisterLogCallback(_CALLBACK)  # it prints to stdout unless told otherwise
    return loaded


@cache
def quick_library() -> ctypes.PyDLL:
    """The same library for calls of microseconds: the interpreter's lock is kept, which costs less than handing it on.

    Raises PackageInvalid when LightGBM is not installed.
    """
    return ctypes.PyDLL(library()._name)


def call(name: str, *arguments: object) -> None:
    """Call a C function that returns 0 for success. Raises PackageInvalid with the library's own words."""
    lib = library()
    if getattr(lib, name)(*arguments) != 0:
        reason = (lib.LGBM_GetLastError() or b"").decode(errors="replace").strip()
        raise PackageInvalid(f"LightGBM refused the model: {reason or 'no reason given'}")


def _find() -> Path:
    spec = importlib.util.find_spec("lightgbm")
    folder = Path(spec.origin).parent if spec is not None and spec.origin else None
    for candidate in ("lib/lib_lightgbm.so", "lib_lightgbm.so", "bin/lib_lightgbm.so", "lib/lib_lightgbm.dylib"):
        if folder is not None and (folder / candidate).is_file():
            return folder / candidate
    raise PackageInvalid(
        "this package needs LightGBM's library; install it with: pip install 'strata-segments[serving]'"
    )
