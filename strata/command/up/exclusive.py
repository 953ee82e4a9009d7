"""One `strata up` per home."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from strata import one_holder
from strata.errors import SettingsInvalid

LOCK_NAME = "up.lock"


@contextmanager
def exclusive_run(run_folder: Path) -> Iterator[None]:
    """Hold the home until left. Raises AlreadyRunning when another process does."""

    def refusal(holder: str) -> str:
        return (
            f"strata up already runs from {run_folder.parent} (process {holder}). Stop it first (Ctrl-C, or "
            f"kill {holder}), or give this one its own STRATA_HOME and ports."
        )

    try:
        run_folder.mkdir(parents=True, exist_ok=True)
        held = one_holder.take(run_folder / LOCK_NAME, refusal)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise SettingsInvalid(
            f"{run_folder} cannot be written: {reason}; set STRATA_HOME to a folder that can"
        ) from None
    try:
        yield
    finally:
        os.close(held)


def holder_of(run_folder: Path) -> str | None:
    """The process that holds a home, as text; None when nobody does. Changes nothing."""
    return one_holder.holder_of(run_folder / LOCK_NAME)
