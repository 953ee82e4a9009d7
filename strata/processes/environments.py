"""Python environments of their own, outside the working copy, for what cannot be installed beside the rest.

A folder's name holds a digest of what it is made from, so that other pins are installed anew; a file written last
says that it is complete. Packages are checked against their hashes and come from the index this machine is
configured with.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from strata.errors import StrataError

UV: Final = Path(sys.executable).parent / "uv"
COMPLETE: Final = "complete"
LONGEST_S: Final = 1_800


class NotInstalled(StrataError):
    """An environment could not be made; says why and what to try."""


def cache(kind: str) -> Path:
    """`strata/KIND` in $XDG_CACHE_HOME, or in ~/.cache."""
    named = os.environ.get("XDG_CACHE_HOME")
    return (Path(named) if named else Path.home() / ".cache") / "strata" / kind


def place(kind: str, name: str, source: Path) -> Path:
    """The folder of what `source` (pinned packages, a program) describes as it is now."""
    return cache(kind) / f"{name}-{hashlib.sha256(source.read_bytes()).hexdigest()[:12]}"


def complete(folder: Path) -> bool:
    """Whether its installation ended."""
    return (folder / COMPLETE).is_file()


def install(folder: Path, fill: Callable[[Path], None]) -> None:
    """Make the folder by `fill` unless it is complete; installers of one folder take turns. Raises NotInstalled."""
    with _turn(folder):
        if complete(folder):
            return
        shutil.rmtree(folder, ignore_errors=True)
        try:
            fill(folder)
        except BaseException:
            shutil.rmtree(folder, ignore_errors=True)
            raise
        (folder / COMPLETE).touch()


def make_environment(folder: Path, requirements: Path) -> None:
    """A virtual environment of these packages, for `install`. Raises NotInstalled."""
    if not UV.exists():
        raise NotInstalled(f"{UV} is not there; run make setup")
    run([str(UV), "venv", "--quiet", "--python", sys.executable, str(folder)], "its environment was not made")
    python = str(folder / "bin" / "python")
    command = [str(UV), "pip", "install", "--quiet", "--require-hashes", "--python", python]
    run([*command, "--requirement", str(requirements)], "its packages could not be installed")


def run(command: list[str], trouble: str) -> None:
    """Run to its end; what it said last is in the NotInstalled that is raised when it fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LONGEST_S, check=False)
    except (OSError, subprocess.TimeoutExpired) as error:
        raise NotInstalled(f"{trouble}: {error}") from error
    if done.returncode:
        raise NotInstalled(f"{trouble}: {done.stderr.strip()[-600:]}")


@contextmanager
def _turn(folder: Path) -> Iterator[None]:
    folder.parent.mkdir(parents=True, exist_ok=True)
    with (folder.parent / f"{folder.name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
