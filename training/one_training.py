"""One training of a segmenter at a time in one home."""

from __future__ import annotations

from contextlib import AbstractContextManager
from pathlib import Path

from strata.one_holder import hold


def one_training(folder: Path) -> AbstractContextManager[None]:
    """Hold a segmenter's folder. Raises AlreadyRunning at once, naming the process that holds it."""
    folder.mkdir(parents=True, exist_ok=True)
    return hold(
        folder / ".lock",
        lambda holder: f"another process ({holder}) is training {folder.name}; wait for it or stop it",
    )
