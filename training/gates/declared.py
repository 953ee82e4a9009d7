"""Gates over figures: what was asked, what was found, and what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final, Literal

from training.definition import Gate

Otherwise = Literal["hold", "reject"]
# Many users moved, and many have reason to: whether that is right is for a person to say.
HELD: Final = frozenset({"moved_share"})


@dataclass(frozen=True)
class Outcome:
    """One gate and what came of it."""

    metric: str
    asked: str
    found: float | None
    passed: bool
    otherwise: Otherwise
    statement: str

    def to_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Unknown:
    """Why there is no figure, and whether that lets a version pass."""

    why: str
    passes: bool


def judge(gates: Mapping[str, Gate], figures: Mapping[str, float], unknown: Mapping[str, Unknown]) -> list[Outcome]:
    """One outcome per gate, in the file's order. A figure nobody knows is a miss, unless `unknown` says otherwise."""
    return [_judge(metric, gate, figures.get(metric), unknown.get(metric)) for metric, gate in gates.items()]


def _judge(metric: str, gate: Gate, found: float | None, unknown: Unknown | None) -> Outcome:
    asked = f"at least {gate.at_least:g}" if gate.at_least is not None else f"at most {gate.at_most:g}"
    otherwise = _otherwise(metric, gate)
    if found is None:
        absent = unknown or Unknown("this training has no such figure", passes=False)
        # Nobody can say that it is bad: a person looks.
        return Outcome(metric, asked, None, absent.passes, "hold", f"{metric}: {absent.why}; {asked} is asked")
    passed = _meets(gate, found)
    said = f"{metric} is {_shown(found)}, {asked} is asked"
    return Outcome(metric, asked, found, passed, otherwise, said)


def _meets(gate: Gate, found: float) -> bool:
    """NaN meets nothing."""
    if gate.at_least is not None:
        return found >= gate.at_least
    assert gate.at_most is not None
    return found <= gate.at_most


def _otherwise(metric: str, gate: Gate) -> Otherwise:
    said = "otherwise" in gate.model_fields_set
    return gate.otherwise if said or metric not in HELD else "hold"


def _shown(found: float) -> str:
    return f"{found:.3f}" if 0.001 <= abs(found) < 1_000 or found == 0 else f"{found:.3g}"
