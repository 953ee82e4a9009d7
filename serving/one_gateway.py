"""One gateway per home: what its workers say, and what a start logs and removes, is no other one's to touch."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from serving.releases.applied import forget_applied
from strata.one_holder import hold, holder_of
from strata.settings import Settings

LOCK_NAME: Final = "gateway.lock"


@contextmanager
def one_gateway(settings: Settings) -> Iterator[None]:
    """Hold the home until left. Raises AlreadyRunning at once, naming the process that holds it.

    What workers have said they serve holds no longer than that.
    """

    def refusal(holder: str) -> str:
        return (
            f"strata serve already runs from {settings.home} (process {holder}). Stop it first, or give this one its "
            "own STRATA_HOME and ports."
        )

    settings.run.mkdir(parents=True, exist_ok=True)
    with hold(settings.run / LOCK_NAME, refusal):
        forget_applied(workers_folder(settings))  # of one that was killed
        try:
            yield
        finally:
            forget_applied(workers_folder(settings))


def gateway_runs(settings: Settings) -> bool:
    """Whether a gateway runs from this home, on this machine."""
    return holder_of(settings.run / LOCK_NAME) is not None


def workers_folder(settings: Settings) -> Path:
    """Where a gateway keeps its workers' numbers, and they say what they serve."""
    return settings.run / "gateway"
