"""A bench's rows and ratios as Markdown, and the words around them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from loadtests.bench.agreement import OURS
from loadtests.bench.h2load import Burst
from loadtests.bench.machine import describe_commit, describe_machine
from loadtests.bench.summary import Figure, Ratio, Row


def heading(command: str, rounds: int) -> str:
    """What was measured where, when and how often."""
    machine = describe_machine()
    return (
        f"`{command}` at {describe_commit()}, {datetime.now(UTC):%Y-%m-%d}: {machine['processor']}, "
        f"{machine['cores']} cores, {machine['memory_gib']} GiB, Python {machine['python']}. "
        f"Medians of {rounds} interleaved rounds (least to most)."
    )


def checks(
    found: Sequence[Row],
    rounds: Mapping[str, Sequence[Burst]],
    agreement: Mapping[str, float],
    live_share: Mapping[str, float],
    idle_cpu_share: Mapping[str, float],
) -> str:
    """What was right and wrong beside the figures; shares by system."""
    bad, runs = sum(one.bad_runs for one in found), sum(one.runs for one in found)
    complaints = [f"{name}: {one.complaint}" for name, all_ in rounds.items() for one in all_ if one.complaint]
    example = f" (for one, {complaints[0]})" if complaints else ""
    agreed = ", ".join(f"{name} {share:.2%}" for name, share in agreement.items() if name != OURS)
    live = ", ".join(f"{name} {share:.2%}" for name, share in live_share.items())
    idle = ", ".join(f"{name} {share:.3f}" for name, share in idle_cpu_share.items())
    return (
        f"Replies: {bad} of {runs} h2load runs had failed or odd replies{example}. "
        f"Same segments as {OURS}: {agreed}. "
        f"Calls answered live throughout: {live}. "
        f"Cores used when idle: {idle}."
    )


def row_table(found: Sequence[Row]) -> list[str]:
    """One line per cell."""
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


def ratio_table(claims: Sequence[Ratio]) -> list[str]:
    """One line per ratio."""
    lines = ["| ratio | measured | bound | |", "|---|---|---|---|"]
    for one in claims:
        value = f"{one.value.median:.2f} ({one.value.least:.2f} to {one.value.most:.2f})"
        bound = f"<= {one.at_most:g}" if one.at_most else f">= {one.at_least:g}" if one.at_least else ""
        verdict = {True: "kept", False: "**not kept**", None: ""}[one.kept]
        lines.append(f"| {one.name} | {value} | {bound} | {verdict} |")
    return lines


def _milliseconds(value: Figure) -> str:
    return f"{value.median:,.0f}" if value.median >= 100 else f"{value.median:.3g}"


def _spread(value: Figure) -> str:
    return f"{value.median:,.0f} ({value.least:,.0f} to {value.most:,.0f})"
