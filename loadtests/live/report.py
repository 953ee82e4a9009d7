"""Figures of live proofs as text and as JSON (keys: docs/live_proofs.md)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from loadtests.bench.machine import describe_commit, describe_machine
from loadtests.bench.summary import percentile


def spread(values: Sequence[float], digits: int = 4) -> dict[str, Any]:
    """Count, median, 99th percentile and largest.

    >>> spread([3.0, 1.0, 2.0])
    {'count': 3, 'p50': 2.0, 'p99': 3.0, 'max': 3.0}
    """
    if not values:
        return {"count": 0, "p50": None, "p99": None, "max": None}
    found = {"p50": percentile(values, 0.5), "p99": percentile(values, 0.99), "max": max(values)}
    return {"count": len(values)} | {name: round(value, digits) for name, value in found.items()}


def as_words(found: dict[str, Any], unit: str) -> str:
    """A spread in one line.

    >>> as_words({"count": 3, "p50": 2.0, "p99": 3.0, "max": 3.0}, "s")
    'p50 2 s, p99 3 s, max 3 s (3 times)'
    """
    if not found["count"]:
        return "not seen"
    figures = ", ".join(f"{name} {found[name]:.3g} {unit}" for name in ("p50", "p99", "max"))
    return f"{figures} ({found['count']} times)"


def header(command: str) -> dict[str, Any]:
    """Where, when and on what."""
    return {
        "command": command,
        "commit": describe_commit(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe_machine(),
    }


def write(path: Path | None, document: dict[str, Any]) -> None:
    """Write the document, if a file was named."""
    if path is not None:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
