"""What a worker counts about one version: a file per worker and version, so that versions may come and go."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Collection, Mapping
from pathlib import Path
from typing import Final

from serving.metrics.families import version_families
from serving.metrics.recorder import Recorder
from serving.metrics.shared_numbers import Layout, create_numbers, map_numbers

OTHERS_KEPT: Final = 20
"""Versions of a segmenter that stay on the page though nobody is answered by them: what was tried in the last weeks."""
Version = tuple[str, str]
"""Segmenter and version."""
_NAME: Final = re.compile(r"version-(?P<slot>[0-9]+)-(?P<version>[0-9a-f]{12})-(?P<name>.+)\.bin")


def version_recorder(folder: Path, slot: int, name: str, version: str) -> Recorder:
    """A worker's recorder for one version; a replaced worker's counts are gone on from."""
    layout = Layout(version_families(name, version))
    path = folder / f"version-{slot:03d}-{version}-{name}.bin"
    try:
        os.utime(path)  # taken up again: the newest of those that are kept
    except FileNotFoundError:
        create_numbers(path, layout)
    return Recorder(map_numbers(path, layout), layout)


def private_recorder(name: str, version: str) -> Recorder:
    """One whose numbers nobody reads."""
    layout = Layout(version_families(name, version))
    return Recorder(memoryview(bytearray(8 * layout.size)).cast("d"), layout)


class VersionNumbers:
    """What all workers of a folder count about versions.

    Those served stay, and of each segmenter the 20 others taken up last. The files of the rest are removed, of all
    workers at once, so that no series on the page ever goes back.
    """

    def __init__(self, folder: Path, served: Callable[[], Collection[Version]]) -> None:
        self._folder, self._served = folder, served
        self._reading = threading.Lock()

    def read(self) -> Mapping[Version, list[float]]:
        """Each version to its numbers, added up over workers."""
        with self._reading:  # the page may be read by several at once
            files = self._files()
            for version in self._past(files):
                for path in files.pop(version):
                    path.unlink()
            return {version: _added_up(paths) for version, paths in files.items()}

    def _files(self) -> dict[Version, list[Path]]:
        found: dict[Version, list[Path]] = {}
        for path in sorted(self._folder.glob("version-*.bin")):
            match = _NAME.fullmatch(path.name)
            if match is not None:
                found.setdefault((match["name"], match["version"]), []).append(path)
        return found

    def _past(self, files: Mapping[Version, list[Path]]) -> list[Version]:
        if len(files) <= OTHERS_KEPT:
            return []
        served = set(self._served())
        newest_first = sorted(files.keys() - served, key=lambda version: -_taken_up_ns(files[version]))
        kept: dict[str, int] = {}
        past = []
        for name, version in newest_first:
            kept[name] = kept.get(name, 0) + 1
            if kept[name] > OTHERS_KEPT:
                past.append((name, version))
        return past


def _taken_up_ns(paths: list[Path]) -> int:
    return max(path.stat().st_mtime_ns for path in paths)


def _added_up(paths: list[Path]) -> list[float]:
    workers = [memoryview(path.read_bytes()).cast("d").tolist() for path in paths]
    return [sum(column) for column in zip(*workers, strict=True)]
