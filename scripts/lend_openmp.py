"""Lend LightGBM the OpenMP library that scikit-learn brings along, on a machine without one of its own.

    python -I scripts/lend_openmp.py SITE_PACKAGES      (run by scripts/setup_environment.py, standard library only)

LightGBM's wheel wants the system's libgomp.so.1, which a bare machine (python:3.11-slim, say) lacks; scikit-learn's
wheel holds the same library under a name of its own. A copy with the wanted name inside it is loaded at every start of
the environment's Python, through a .pth file. Both are removed again where the system has the library.
"""

from __future__ import annotations

import ctypes
import re
import sys
from pathlib import Path

WANTED = b"libgomp.so.1"
OWN_NAME = re.compile(rb"libgomp-[0-9a-f]+\.so\.[0-9.]+\0")


def main(site: Path) -> int:
    """`site` is the environment's site-packages. 0 when LightGBM will find its library, else 1 after a sentence."""
    lent, pth = site / "strata_openmp" / WANTED.decode(), site / "strata_openmp.pth"
    pth.unlink(missing_ok=True)
    lent.unlink(missing_ok=True)
    if _system_has_it():
        return 0
    bundled = next(site.glob("scikit_learn.libs/libgomp-*"), None)
    if bundled is None:
        print("setup: LightGBM needs libgomp.so.1. Install it (Debian: apt-get install libgomp1)", file=sys.stderr)
        return 1
    lent.parent.mkdir(exist_ok=True)
    lent.write_bytes(renamed(bundled.read_bytes()))
    pth.write_text(f"import ctypes; ctypes.CDLL({str(lent)!r}, ctypes.RTLD_GLOBAL)\n", encoding="utf-8")
    return 0


def renamed(library: bytes) -> bytes:
    """The library, calling itself libgomp.so.1: the name is overwritten in place and padded, so nothing moves.

    >>> renamed(b"..libgomp-e985bcbb.so.1.0.0\\0..")
    b'..libgomp.so.1\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00\\x00..'
    """
    return OWN_NAME.sub(lambda found: WANTED.ljust(len(found[0]), b"\0"), library)


def _system_has_it() -> bool:
    try:
        ctypes.CDLL(WANTED.decode())
    except OSError:
        return False
    return True


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
