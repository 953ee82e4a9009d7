"""Where a version of a remote segmenter is served: a small file per version, written by whoever started its server."""

from __future__ import annotations

import json
import re
from pathlib import Path

from strata.release.model import VERSION

PENDING = ".pending-"


def write_address(folder: Path, segmenter: str, version: str, address: str) -> None:
    """Say where a version is served (`host:port` of its gRPC); replaces what was said before, in one step."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{segmenter}-{version}.json"
    pending = folder / f"{PENDING}{path.name}"
    pending.write_text(json.dumps({"address": address}), encoding="utf-8")
    pending.replace(path)


def read_address(folder: Path, segmenter: str, version: str) -> str | None:
    """Where a version is served; None when nobody said, or what is there cannot be read."""
    try:
        found = json.loads((folder / f"{segmenter}-{version}.json").read_bytes())["address"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return found if isinstance(found, str) and ":" in found else None


def forget_address(folder: Path, segmenter: str, version: str) -> None:
    """A version is served no more."""
    (folder / f"{segmenter}-{version}.json").unlink(missing_ok=True)


def forget_addresses(folder: Path, segmenter: str) -> None:
    """No version of a segmenter is served; also what a killed writer left half written goes."""
    ours = re.compile(rf"(?:{re.escape(PENDING)})?{re.escape(segmenter)}-{VERSION.pattern}\.json")
    for path in folder.glob("*.json"):
        if ours.fullmatch(path.name):
            path.unlink(missing_ok=True)
