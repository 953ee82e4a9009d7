"""The bench's result as JSON (keys: docs/benchmarks.md) and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from loadtests.bench.checked import Outcome
from loadtests.bench.feature_reads import ReadRow, read_ratios, read_rows
from loadtests.bench.machine import describe_commit, describe_machine
from loadtests.bench.plan import Plan
from loadtests.bench.summary import Figure, Row, ratios, row
from loadtests.bench.tables import checks, heading, ratio_table, row_table


def document(outcome: Outcome, plan: Plan, command: str) -> dict[str, Any]:
    """Everything, as plain values."""
    claims = [*ratios(outcome.rounds), *read_ratios(outcome.reads)]
    return {
        "command": command,
        "commit": describe_commit(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "plan": asdict(plan),
        "reply_bytes": outcome.reply_bytes,
        "live_share": outcome.live_share,
        "idle_cpu_share": outcome.idle_cpu_share,
        "agreement": outcome.agreement,
        "rows": [asdict(one) for one in rows(outcome)],
        "reads": [asdict(one) for one in read_rows(outcome.reads)],
        "ratios": [asdict(one) | {"kept": one.kept} for one in claims],
    }


def rows(outcome: Outcome) -> list[Row]:
    """One per cell, in the order measured."""
    return [row(cell.name, cell.callers, cell.calls[0].users, outcome.rounds[cell.name]) for cell in outcome.cells]


def markdown(outcome: Outcome, plan: Plan, command: str) -> str:
    """The page section for docs/benchmarks.md."""
    found = rows(outcome)
    claims = [*ratios(outcome.rounds), *read_ratios(outcome.reads)]
    words = [
        heading(command, plan.rounds),
        "",
        *row_table(found),
        "",
        *_read_table(read_rows(outcome.reads)),
        *ratio_table(claims),
        "",
        checks(found, outcome.rounds, outcome.agreement, outcome.live_share, outcome.idle_cpu_share),
    ]
    return "\n".join(words) + "\n"


def _read_table(found: Sequence[ReadRow]) -> list[str]:
    if not found:
        return []
    lines = ["| features read by | users a read | us/user | client CPU us/user |", "|---|---|---|---|"]
    for one in found:
        figures = f"{_tenths(one.wall_us_per_user)} | {_tenths(one.client_cpu_us_per_user)}"
        lines.append(f"| {one.name} | {one.users_per_read} | {figures} |")
    return [*lines, ""]


def _tenths(value: Figure) -> str:
    return f"{value.median:,.1f} ({value.least:,.1f} to {value.most:,.1f})"
