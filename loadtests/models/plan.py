"""How long each model is scored, and by how many rows at a time."""

from __future__ import annotations

from dataclasses import dataclass

LEAST_RATIO = 4.0
"""`Booster.predict` / ours for six classes and a batch of BATCH_ROWS: what the batch call is held to."""
BATCH_ROWS = 500


@dataclass(frozen=True)
class Plan:
    """Every round times every engine once on every model and size, in turn."""

    rounds: int
    seconds: float
    """Per engine, model, size and round."""
    sizes: tuple[int, ...] = (1, 32, BATCH_ROWS)
    classes: int = 6
    boosting_rounds: int = 200
    """Of the model with several classes: as many trees for each."""
    leaves: int = 31
    seed: int = 1


FULL = Plan(rounds=9, seconds=0.6)
QUICK = Plan(rounds=5, seconds=0.2)
