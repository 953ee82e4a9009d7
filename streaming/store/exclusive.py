"""One writer of a history at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from strata.one_holder import take
from streaming.history import History
from streaming.store.faults import storage_faults


@contextmanager
def exclusive_writer(history: History) -> Iterator[None]:
    """Hold the history for writing. Raises AlreadyRunning at once when another process does."""
    with storage_faults(history.imports):
        history.imports.mkdir(parents=True, exist_ok=True)
        held = take(
            history.imports / "lock",
            lambda holder: f"another import (process {holder}) is writing to {history.root}; wait until it is done",
        )
    try:
        yield
    finally:
        os.close(held)
