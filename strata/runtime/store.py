"""Where packages lie: `<packages>/<segmenter>/<version>/`, and `LATEST` naming the version accepted last.

A package appears by one rename and LATEST changes by another, each after its content is on disk: a writer
killed at any point leaves either the old state or the new one, and hidden leftovers the next writer removes.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from strata.errors import PackageInvalid, SegmenterNotFound
from strata.runtime.manifest import FILE_NAME, Manifest, seal
from strata.runtime.package import load_package

LATEST: Final = "LATEST"
_PENDING: Final = ".pending-"
_VERSION: Final = re.compile(r"[0-9a-f]{12}")


def find_package(packages: Path, segmenter: str, version: str = "latest") -> Path:
    """The folder of one version; `latest` is resolved through LATEST.

    Raises SegmenterNotFound when nothing of that name was ever trained, PackageInvalid when the version is not there.
    """
    folder = packages / segmenter
    if segmenter not in list_segmenters(packages):
        raise SegmenterNotFound(segmenter, list_segmenters(packages))
    exact = _latest(folder) if version == "latest" else version
    if not _VERSION.fullmatch(exact) or not (folder / exact / FILE_NAME).is_file():
        known = ", ".join(list_versions(packages, segmenter)) or "none"
        raise PackageInvalid(f"{segmenter} has no version {exact!r} in {folder}; versions there: {known}")
    return folder / exact


def list_segmenters(packages: Path) -> list[str]:
    """Names under which something was trained, sorted."""
    return sorted(p.name for p in packages.glob("*") if p.is_dir() and not p.name.startswith("."))


def list_versions(packages: Path, segmenter: str) -> list[str]:
    """Complete versions, sorted by name (which says nothing about age)."""
    return sorted(p.parent.name for p in (packages / segmenter).glob(f"*/{FILE_NAME}") if p.parent.name[0] != ".")


def write_package(
    packages: Path, manifest: Manifest, files: Mapping[str, bytes], *, latest: bool = True
) -> tuple[Manifest, Path]:
    """Seal and store a package, then point LATEST at it, unless `latest` is False. Returns its manifest and folder.

    A version that is there already and sound is kept: same version, same answers. A damaged one is replaced. Not
    for two writers of one segmenter at once; `strata train` holds a lock.
    """
    sealed = seal_files(manifest, files)
    folder = packages / sealed.segmenter
    folder.mkdir(parents=True, exist_ok=True)
    remove_leftovers(folder)
    target = folder / sealed.version
    stored = _stored(target)
    if stored is None:
        place_folder(folder, target, {**files, FILE_NAME: sealed.to_json()})
    if latest:
        point_latest(packages, sealed.segmenter, sealed.version)
    return stored or sealed, target


def place_folder(folder: Path, target: Path, files: Mapping[str, bytes]) -> Path:
    """Write a folder whole, inside a segmenter's `folder`, by one rename; what was there before goes."""
    pending = folder / f"{_PENDING}{target.name}"
    _write_folder(pending, files)
    if target.exists():
        target.rename(folder / f"{_PENDING}damaged-{target.name}")
    pending.rename(target)
    _sync(target.parent)
    remove_leftovers(folder)
    return target


def point_latest(packages: Path, segmenter: str, version: str) -> None:
    """Make a stored version the one `latest` means."""
    _replace_file(packages / segmenter / LATEST, f"{version}\n".encode())


def latest_version(packages: Path, segmenter: str) -> str | None:
    """The version `latest` means; None where none was accepted yet."""
    try:
        return _latest(packages / segmenter)
    except PackageInvalid:
        return None


def seal_files(manifest: Manifest, files: Mapping[str, bytes]) -> Manifest:
    """The manifest sealed over these files. The pages do not decide a version: it is known before they are made."""
    return seal(replace(manifest, files={name: hashlib.sha256(files[name]).hexdigest() for name in sorted(files)}))


def remove_leftovers(folder: Path) -> None:
    """Remove what a killed writer left half done in one segmenter's folder."""
    for leftover in folder.glob(f"{_PENDING}*"):
        if leftover.is_dir():
            shutil.rmtree(leftover)
        else:
            leftover.unlink()


def _stored(folder: Path) -> Manifest | None:
    """The manifest of a sound version that is there; None where there is none."""
    try:
        return load_package(folder).manifest
    except PackageInvalid:
        return None


def _latest(folder: Path) -> str:
    try:
        return (folder / LATEST).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError):
        held = f", or accept one that was held: strata packages accept {folder.name} VERSION" if _any(folder) else ""
        raise PackageInvalid(f"{folder / LATEST} cannot be read; run: strata train {folder.name}{held}") from None


def _any(folder: Path) -> bool:
    return next(folder.glob(f"*/{FILE_NAME}"), None) is not None


def _write_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir()
    for name, content in files.items():
        _write_synced(folder / name, content)
    _sync(folder)


def _replace_file(path: Path, content: bytes) -> None:
    pending = path.with_name(f"{_PENDING}{path.name}")
    _write_synced(pending, content)
    pending.replace(path)
    _sync(path.parent)


def _write_synced(path: Path, content: bytes) -> None:
    with path.open("wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
