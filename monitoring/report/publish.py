"""Reports appear whole or not at all: built in a hidden folder, renamed when complete.

A killed run leaves a hidden folder that no reader lists and that the next run of the same segmenter removes.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from strata.errors import StrataError
from strata.one_holder import take

PENDING: Final = ".pending-"
REPORT_FILE: Final = "report.json"
SUMMARY_FILE: Final = "summary.html"
EVIDENTLY_FILE: Final = "evidently.html"


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Hold the segmenter's report folder; the lock goes with the process, so a killed run holds nothing."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        held = take(
            folder / ".lock",
            lambda holder: (
                f"another report on {folder.name} is being made (process {holder}); try again when it is done"
            ),
        )
    except OSError as error:
        raise StrataError(f"reports cannot be written to {folder}: {error.strerror}") from None
    try:
        for leftover in folder.glob(f"{PENDING}*"):
            shutil.rmtree(leftover, ignore_errors=True)
        yield
    finally:
        os.close(held)


@contextmanager
def pending_folder(folder: Path, name: str) -> Iterator[Path]:
    """A hidden folder to fill; renamed to `name` on success, removed on any failure."""
    pending = folder / f"{PENDING}{name}"
    pending.mkdir()
    try:
        yield pending
        pending.rename(folder / name)
    except BaseException:
        shutil.rmtree(pending, ignore_errors=True)
        raise


def write_json(path: Path, document: dict[str, Any]) -> None:
    """Replace `path` by the document in one step."""
    path.parent.mkdir(parents=True, exist_ok=True)
    pending = path.with_name(f"{PENDING}{path.name}.{os.getpid()}")
    try:
        pending.write_text(json.dumps(document, indent=1, allow_nan=False) + "\n", encoding="utf-8")
        pending.replace(path)
    finally:
        pending.unlink(missing_ok=True)


def prune(folder: Path, keep: int, workspace: Path) -> None:
    """Remove all but the newest `keep` reports, and their snapshots in the Evidently workspace."""
    reports = sorted(path for path in folder.iterdir() if (path / REPORT_FILE).is_file() and path.name[0] != ".")
    for report in reports[:-keep]:
        evidently = json.loads((report / REPORT_FILE).read_text(encoding="utf-8")).get("evidently") or {}
        if evidently.get("snapshot"):
            snapshot = workspace / evidently["project"] / "snapshots" / f"{evidently['snapshot']}.json"
            snapshot.unlink(missing_ok=True)
        shutil.rmtree(report)
