"""What a worker counts about one version: a file per worker and version, so that versions may come and go."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from serving.metrics.families import version_families
from serving.metrics.recorder import Recorder
from serving.metrics.shared_numbers import Layout, create_numbers, map_numbers

_NAME: Final = re.compile(r"version-(?P<slot>[0-9]+)-(?P<version>[0-9a-f]{12})-(?P<name>.+)\.bin")


def version_recorder(folder: Path, slot: int, name: str, version: str) -> Recorder:
    """A worker's recorder for one version; a replaced worker's counts are gone on from."""
    layout = Layout(version_families(name, version))
    path = folder / f"version-{slot:03d}-{version}-{name}.bin"
    if not path.exists():
        create_numbers(path, layout)
    return Recorder(map_numbers(path, layout), layout)


def private_recorder(name: str, version: str) -> Recorder:
    """One whose numbers nobody reads."""
    layout = Layout(version_families(name, version))
    return Recorder(memoryview(bytearray(8 * layout.size)).cast("d"), layout)


def read_versions(folder: Path) -> Mapping[tuple[str, str], list[float]]:
    """(segmenter, version) to its numbers, added up over workers."""
    found: dict[tuple[str, str], list[float]] = {}
    for path in sorted(folder.glob("version-*.bin")):
        match = _NAME.fullmatch(path.name)
        content = path.read_bytes()
        if match is None or len(content) % 8:
            continue
        numbers = memoryview(content).cast("d").tolist()
        key = match["name"], match["version"]
        held = found.get(key, [0.0] * len(numbers))
        found[key] = [one + other for one, other in zip(held, numbers, strict=False)]
    return found
