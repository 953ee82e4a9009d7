"""The bench's result as JSON (keys: docs/benchmarks.md) and as Markdown."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from loadtests.bench.feature_reads import ReadRow, read_ratios, read_rows
from loadtests.bench.machine import describe_commit, describe_machine
from loadtests.bench.plan import Plan
from loadtests.bench.run import Outcome
from loadtests.bench.summary import Figure, Ratio, Row, ratios, row


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
    found, machine = rows(outcome), describe_machine()
    claims = [*ratios(outcome.rounds), *read_ratios(outcome.reads)]
    words = [
        f"`{command}` at {describe_commit()}, {datetime.now(UTC):%Y-%m-%d}: {machine['processor']}, "
        f"{machine['cores']} cores, {machine['memory_gib']} GiB, Python {machine['python']}. "
        f"Medians of {plan.rounds} interleaved rounds (least to most).",
        "",
        *_row_table(found),
        "",
        *_read_table(read_rows(outcome.reads)),
        *ratio_table(claims),
        "",
        _checks(outcome, found),
    ]
    return "\n".join(words) + "\n"


def _row_table(found: Sequence[Row]) -> list[str]:
    lines = [
        "| system | callers | calls/s | users/s | p50 ms | p99 ms | server CPU us/call | us/user | other CPU |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        figures = (_spread(one.calls_per_s), f"{one.users_per_s.median:,.0f}", _milliseconds(one.p50_ms))
        costs = (_milliseconds(one.p99_ms), _spread(one.cpu_us_per_call), f"{one.cpu_us_per_user.median:,.1f}")
        noise = f"{one.other_cpu_share.median:.2f}"
        lines.append(f"| {one.name} | {one.callers} | {' | '.join((*figures, *costs, noise))} |")
    return lines


def _read_table(found: Sequence[ReadRow]) -> list[str]:
    if not found:
        return []
    lines = ["| features read by | users a read | us/user | client CPU us/user |", "|---|---|---|---|"]
    for one in found:
        figures = f"{_tenths(one.wall_us_per_user)} | {_tenths(one.client_cpu_us_per_user)}"
        lines.append(f"| {one.name} | {one.users_per_read} | {figures} |")
    return [*lines, ""]


def ratio_table(claims: Sequence[Ratio]) -> list[str]:
    """Lines of Markdown."""
    lines = ["| ratio | measured | bound | |", "|---|---|---|---|"]
    for one in claims:
        value = f"{one.value.median:.2f} ({one.value.least:.2f} to {one.value.most:.2f})"
        bound = f"<= {one.at_most:g}" if one.at_most else f">= {one.at_least:g}" if one.at_least else ""
        verdict = {True: "kept", False: "**not kept**", None: ""}[one.kept]
        lines.append(f"| {one.name} | {value} | {bound} | {verdict} |")
    return lines


def _checks(outcome: Outcome, found: Sequence[Row]) -> str:
    bad, runs = sum(one.bad_runs for one in found), sum(one.runs for one in found)
    complaints = [f"{name}: {one.complaint}" for name, all_ in outcome.rounds.items() for one in all_ if one.complaint]
    example = f" (for one, {complaints[0]})" if complaints else ""
    agreed = ", ".join(f"{name} {share:.2%}" for name, share in outcome.agreement.items() if name != "embedded")
    live = ", ".join(f"{name} {share:.2%}" for name, share in outcome.live_share.items())
    idle = ", ".join(f"{name} {share:.3f}" for name, share in outcome.idle_cpu_share.items())
    return (
        f"Replies: {bad} of {runs} h2load runs had failed or odd replies{example}. "
        f"Same segments as embedded: {agreed}. "
        f"Calls answered live throughout: {live}. "
        f"Cores used when idle: {idle}."
    )


def _milliseconds(value: Figure) -> str:
    return f"{value.median:,.0f}" if value.median >= 100 else f"{value.median:.3g}"


def _spread(value: Figure) -> str:
    return f"{value.median:,.0f} ({value.least:,.0f} to {value.most:,.0f})"


def _tenths(value: Figure) -> str:
    return f"{value.median:,.1f} ({value.least:,.1f} to {value.most:,.1f})"
