"""How many rows each part has."""

from __future__ import annotations

from training.rows import TrainingRows


def part_sizes(rows: TrainingRows) -> dict[str, int]:
    """`details["rows"]`."""
    parts = {"train": rows.train, "validation": rows.validation, "test": rows.test}
    return {name: 0 if part is None else len(part.labels) for name, part in parts.items()}
