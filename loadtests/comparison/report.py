"""A comparison as a person sees it and as JSON (keys: docs/benchmarks.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from loadtests.bench.show import progress, tell
from loadtests.bench.summary import Row, row
from loadtests.bench.tables import checks, heading, ratio_table, row_table
from loadtests.comparison.claims import ratios
from loadtests.comparison.plan import PeerPlan
from loadtests.comparison.run import Outcome, run_comparison
from loadtests.live.report import header
from strata.settings import Settings

BEFORE_ROUNDS = 9
"""Things said before and after the measurement: gateways, features, five peers, two checks."""
CELLS = 34


def compare_and_show(
    settings: Settings,
    users: Sequence[str],
    plan: PeerPlan,
    *,
    command: str,
    json_file: Path | None,
    markdown_file: Path | None,
) -> bool:
    """Measure, print, write. Returns whether every reply was right."""
    with progress(BEFORE_ROUNDS + CELLS * (plan.rounds + 1)) as say:
        outcome = run_comparison(settings, users, plan, say)
    tell(markdown(outcome, plan, command), document(outcome, plan, command), json_file, markdown_file)
    return not any(one.bad_runs for one in rows(outcome))


def rows(outcome: Outcome) -> list[Row]:
    """One per cell, in the order measured."""
    return [row(cell.name, cell.callers, cell.calls[0].users, outcome.rounds[cell.name]) for cell in outcome.cells]


def document(outcome: Outcome, plan: PeerPlan, command: str) -> dict[str, Any]:
    """Everything, as plain values."""
    return header(command) | {
        "plan": asdict(plan),
        "absent": outcome.absent,
        "reply_bytes": outcome.reply_bytes,
        "live_share": outcome.live_share,
        "idle_cpu_share": outcome.idle_cpu_share,
        "agreement": outcome.agreement,
        "rows": [asdict(one) for one in rows(outcome)],
        "ratios": [{"name": one.name, "value": asdict(one.value)} for one in ratios(outcome.rounds)],
    }


def markdown(outcome: Outcome, plan: PeerPlan, command: str) -> str:
    """The page section for docs/benchmarks.md."""
    found = rows(outcome)
    words = [
        heading(command, plan.rounds),
        "",
        *row_table(found),
        "",
        *ratio_table(ratios(outcome.rounds)),
        "",
        checks(found, outcome.rounds, outcome.agreement, outcome.live_share, outcome.idle_cpu_share),
        "",
        *(f"**Not measured: {name}**: {reason}" for name, reason in outcome.absent.items()),
    ]
    return "\n".join(words).rstrip() + "\n"
