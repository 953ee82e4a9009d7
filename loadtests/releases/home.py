"""A home of the proof's own: the platform's state and registry, its packages copied, releases from the beginning."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

from strata.errors import InputInvalid
from strata.runtime import find_package, write_package
from strata.runtime.manifest import FILE_NAME, parse_manifest
from strata.settings import Settings

SHARED = ("registry.db", "state", "history")


def make_home(settings: Settings, folder: Path) -> Path:
    """Raises InputInvalid when the platform's home is not prepared."""
    missing = [path.name for path in (settings.registry, settings.packages) if not path.exists()]
    if missing:
        raise InputInvalid(f"{settings.home} has no {', '.join(missing)}; prepare it with `strata up --prepare-only`")
    home = folder / "home"
    home.mkdir()
    for name in SHARED:
        if (settings.home / name).exists():
            (home / name).symlink_to((settings.home / name).resolve())
    shutil.copytree(settings.packages, home / "packages")
    return home


def add_twin(packages: Path, segmenter: str) -> str:
    """A version that differs from the one trained last in its description alone: it must answer everybody alike."""
    folder = find_package(packages, segmenter)
    manifest = parse_manifest((folder / FILE_NAME).read_bytes())
    files = {name: (folder / name).read_bytes() for name in manifest.files}
    extra = {path.name: path.read_bytes() for path in folder.iterdir() if path.name not in {*files, FILE_NAME}}
    twin = replace(manifest, description=f"{manifest.description} (A twin, for comparison.)")
    return write_package(packages, twin, {**files, **extra})[1].name
