"""Digests of files, to see whether what was made from them is out of date."""

from __future__ import annotations

import hashlib
from pathlib import Path


def fingerprint_files(folder: Path, *patterns: str) -> str:
    """A digest over the names and contents of the files below `folder` that match; the same on every machine."""
    digest = hashlib.sha256()
    for path in sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file()}):
        digest.update(path.relative_to(folder).as_posix().encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()


def fingerprint_parts(*parts: str) -> str:
    """A digest over strings."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part.encode()).digest())
    return digest.hexdigest()
