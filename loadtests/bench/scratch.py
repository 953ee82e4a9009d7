"""Homes for the bench's own servers: the platform's data, none of its logs."""

from __future__ import annotations

import shutil
from pathlib import Path

from strata.errors import InputInvalid
from strata.settings import Settings

SHARED = ("registry.db", "state", "packages", "history")


def make_scratch(settings: Settings) -> Path:
    """An empty folder below the home. Raises InputInvalid when the home is not prepared."""
    missing = [path.name for path in (settings.registry, settings.state, settings.packages) if not path.exists()]
    if missing:
        raise InputInvalid(f"{settings.home} has no {', '.join(missing)}; prepare it with `strata up --prepare-only`")
    scratch = settings.home / "bench"
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir(parents=True)
    return scratch


def make_home(settings: Settings, folder: Path) -> Path:
    """A home that shares state, registry and packages with the platform's and logs on its own.

    BentoML's store is copied: two Bento servers on one store wipe each other's metrics.
    """
    folder.mkdir(parents=True)
    for name in SHARED:
        if (settings.home / name).exists():
            (folder / name).symlink_to((settings.home / name).resolve())
    if settings.bentoml_home.exists():
        shutil.copytree(settings.bentoml_home, folder / settings.bentoml_home.name, symlinks=True)
    return folder
