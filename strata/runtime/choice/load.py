"""A package as it is scored on this host: by the runtimes chosen for it, where that choice still holds."""

from __future__ import annotations

import hashlib
import logging
import os
import stat
from dataclasses import replace
from pathlib import Path

from strata.errors import PackageInvalid
from strata.runtime.choice.by_rows import ByRows
from strata.runtime.choice.document import FILE_NAME, Choice, choice_folder, parse_choice, this_host
from strata.runtime.choice.engines import engine
from strata.runtime.package import Package, load_package

_log = logging.getLogger(__name__)


def load_tuned(path: Path) -> Package:
    """`load_package`, with the runtimes of `<version>.runtime/choice.json` where there is one that holds here.

    A choice that does not hold (another host, a damaged file, a library that is not installed) is told in the log and
    changes nothing: the package scores as it does without. Raises PackageInvalid as `load_package` does.
    """
    package = load_package(path)
    folder = choice_folder(path)
    if not (folder / FILE_NAME).exists():
        return package
    try:
        return _with(package, folder)
    except (PackageInvalid, OSError) as error:
        _log.warning(
            "%s %s is scored as usual, not by the runtime chosen for it: %s; choose again with `strata packages tune`",
            package.manifest.segmenter, package.manifest.version, error,
        )  # fmt: skip
        return package


def _with(package: Package, folder: Path) -> Package:
    choice = _read(package, folder)
    models = tuple(engine(package.model, each.runtime, folder) for each in choice.use)
    return replace(package, model=models[0] if len(models) == 1 else ByRows(_rows(choice), models))


def _rows(choice: Choice) -> tuple[int, ...]:
    return tuple(each.rows for each in choice.use)


def _read(package: Package, folder: Path) -> Choice:
    _refuse_foreign(folder)
    choice = parse_choice((folder / FILE_NAME).read_bytes())
    if choice.manifest_sha256 != package.manifest_sha256:
        raise PackageInvalid("it was chosen for another manifest")
    if choice.host != this_host():
        raise PackageInvalid("it was measured on another machine, or with other libraries")
    for name, expected in choice.files.items():
        _refuse_foreign(folder / name)
        if hashlib.sha256((folder / name).read_bytes()).hexdigest() != expected:
            raise PackageInvalid(f"{name} is not the file that was measured (damaged or changed)")
    return choice


def _refuse_foreign(path: Path) -> None:
    """Machine code is loaded from here: nobody but this user (or root) may have written it."""
    found = path.stat()
    if found.st_uid not in (0, os.getuid()) or found.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        raise PackageInvalid(f"{path.name} belongs to another user, or others may write to it")
