"""Overload as a person sees it, and as JSON (keys: docs/benchmarks.md)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from loadtests.bench.machine import describe_commit, describe_machine
from loadtests.overload.figures import GOODPUT_GOAL, RECOVERY_GOAL_S, Figures
from loadtests.overload.plan import Plan


def overload_document(found: Sequence[Figures], plan: Plan) -> dict[str, Any]:
    """Everything, as plain values."""
    return {
        "commit": describe_commit(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "plan": asdict(plan),
        "goals": {"goodput_share": GOODPUT_GOAL, "recovery_s": RECOVERY_GOAL_S},
        "sides": [asdict(one) | {"refused_per_s": one.refused_per_s} for one in found],
    }


def overload_table(found: Sequence[Figures]) -> str:
    """Markdown."""
    lines = [
        "| side | capacity/s | offered/s | goodput/s | share | share by CPU | p50 ms | p99 ms "
        "| refused/s | given up/s | recovery s | memory MB | sent late p99 ms |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        recovery = "not seen" if one.recovery_s is None else f"{one.recovery_s:.1f}"
        cells = (
            one.name, f"{one.capacity_per_s:,.0f}", f"{one.offered_per_s:,.0f}", f"{one.goodput_per_s:,.0f}",
            f"{one.goodput_share:.0%}", f"{one.cpu_share:.0%}", f"{one.p50_ms:.1f}", f"{one.p99_ms:.1f}",
            f"{one.refused_per_s:,.0f}",
            f"{one.ends_per_s.get('given_up', 0.0):,.0f}", recovery,
            f"{one.memory_before_mb:.0f} -> {one.memory_after_mb:.0f}", f"{one.late_p99_ms:.1f}",
        )  # fmt: skip
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def print_overload(found: Sequence[Figures]) -> None:
    """The table, and what it is held to."""
    print(overload_table(found))
    print(f"\nGoals: {GOODPUT_GOAL:.0%} of the capacity, normal latency {RECOVERY_GOAL_S:g} s after the load.")
    if not any(one.name == "haproxy" for one in found):
        print("NOT MEASURED: HAProxy in front; scripts/install_tools.sh haproxy")


def write_overload(path: Path, found: Sequence[Figures], plan: Plan) -> None:
    """The document in a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(overload_document(found, plan), indent=2) + "\n", encoding="utf-8")
