"""What a check for leaks answers."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Check:
    """One thing looked at. The statement says what was compared, and names what was found; never a user."""

    check: str
    passed: bool
    statement: str

    def to_json(self) -> dict[str, Any]:
        return {"check": self.check, "passed": self.passed, "statement": self.statement}


def leaks(checks: Iterable[Check]) -> list[dict[str, Any]]:
    """`details["leaks"]`: what failed first."""
    return [check.to_json() for check in sorted(checks, key=lambda check: check.passed)]


def leaks_found(found: Iterable[Mapping[str, Any]]) -> float:
    """Of `details["leaks"]`, how many failed: a figure a gate may name."""
    return float(sum(not one["passed"] for one in found))


def named(names: Iterable[str], most: int = 5) -> str:
    """A list for a sentence, cut where it is long.

    >>> named(["a", "b", "c"], most=2)
    'a, b and 1 more'
    """
    every = list(names)
    shown, rest = ", ".join(every[:most]), len(every) - most
    return f"{shown} and {rest} more" if rest > 0 else shown
