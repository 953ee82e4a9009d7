"""Overload as a person sees it, and as JSON (keys: docs/benchmarks.md)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from loadtests.live.report import header
from loadtests.overload.figures import Figures
from loadtests.overload.plan import Plan
from loadtests.overload.verdicts import FRONT, GOODPUT_GOAL, MEMORY_GOAL, RECOVERY_GOAL_S, verdicts
from loadtests.verdict import Line


def overload_document(found: Sequence[Figures], plan: Plan, command: str) -> dict[str, Any]:
    """Everything, as plain values."""
    return header(command) | {
        "plan": asdict(plan),
        "goals": {"goodput_share": GOODPUT_GOAL, "recovery_s": RECOVERY_GOAL_S, "memory_grown": MEMORY_GOAL},
        "sides": [
            asdict(one) | {"refused_per_s": one.refused_per_s, "memory_grown": one.memory_grown} for one in found
        ],
        "verdicts": [
            asdict(line) | {"measured": line.measured if _seen(line) else None, "kept": line.kept}
            for line in verdicts(found)
        ],
    }


def overload_table(found: Sequence[Figures]) -> str:
    """Markdown."""
    lines = [
        "| side | capacity/s | offered/s | goodput/s | share | share by CPU | p50 ms | p99 ms "
        "| refused/s | given up/s | recovery s | memory MB | in the load | sent late p99 ms |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        recovery = "not seen" if one.recovery_s is None else f"{one.recovery_s:.1f}"
        grown = "not seen" if one.memory_grown is None else f"{one.memory_grown:+.1%}"
        cells = (
            one.name, f"{one.capacity_per_s:,.0f}", f"{one.offered_per_s:,.0f}", f"{one.goodput_per_s:,.0f}",
            f"{one.goodput_share:.0%}", f"{one.cpu_share:.0%}", f"{one.p50_ms:.1f}", f"{one.p99_ms:.1f}",
            f"{one.refused_per_s:,.0f}",
            f"{one.ends_per_s.get('given_up', 0.0):,.0f}", recovery,
            f"{one.memory_before_mb:.0f} -> {one.memory_after_mb:.0f}", grown, f"{one.late_p99_ms:.1f}",
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def print_overload(found: Sequence[Figures]) -> None:
    """The table, and what it is held to."""
    print(overload_table(found) + "\n")
    for line in verdicts(found):
        measured = f"{line.measured:.3g} {line.unit}" if _seen(line) else "not seen"
        bound = f"{'at least' if line.at_least else 'at most'} {line.limit:g} {line.unit}"
        print(f"{line.name}: {measured} ({bound}), {'kept' if line.kept else 'NOT KEPT'}")
    if not any(one.name == FRONT for one in found):
        print("NOT MEASURED: HAProxy in front; scripts/install_tools.sh haproxy")


def _seen(line: Line) -> bool:
    return math.isfinite(line.measured)
