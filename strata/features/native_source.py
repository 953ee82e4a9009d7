"""The C kernel's sources, and the library that is built of exactly them.

Standard library only and nothing of the project's: `scripts/build_kernel.py` runs this file by its path.
"""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path

STRATA = Path(__file__).resolve().parents[1]
FOLDERS = (STRATA / "features" / "native", STRATA / "runtime" / "native")
FLAGS = (
    "-std=c11", "-O3", "-fPIC", "-shared", "-fvisibility=hidden", "-ffp-contract=off", "-fno-strict-aliasing",
)  # fmt: skip
"""No -march=native: a home may move to another machine. Products and sums stay apart, as numpy has them."""


def sources() -> list[Path]:
    """The C files, in a fixed order."""
    return [path for folder in FOLDERS for path in sorted(folder.glob("*.c"))]


def digest() -> str:
    """SHA-256 over sources, headers and flags."""
    found = hashlib.sha256(" ".join(FLAGS).encode())
    for path in (path for folder in FOLDERS for path in sorted(folder.glob("*.[ch]"))):
        found.update(hashlib.sha256(path.name.encode() + b"\0" + path.read_bytes()).digest())
    return found.hexdigest()


def library(prefix: str = sys.prefix) -> Path:
    """Where the library of these sources is, or would be, in an environment."""
    return Path(prefix) / "lib" / "strata" / f"kernel-{digest()}.so"
