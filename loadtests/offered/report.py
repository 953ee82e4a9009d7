"""Offered load as a person sees it, and as JSON (keys: docs/benchmarks.md)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from loadtests.bench.machine import describe_commit, describe_machine
from loadtests.bench.summary import Figure
from loadtests.bench.tables import ratio_table
from loadtests.live.report import header
from loadtests.offered.plan import Plan
from loadtests.offered.steps import LATE_MS, STEADY, Step
from loadtests.offered.summary import Row, held_to, rows


def offered_document(steps: Sequence[Step], plan: Plan, command: str) -> dict[str, Any]:
    """Everything, as plain values."""
    held = held_to(steps)
    return header(command) | {
        "plan": asdict(plan),
        "fit": {"late_p99_ms": LATE_MS, "capacity_quotient": STEADY},
        "rows": [asdict(one) for one in rows(steps)],
        "steps": [asdict(one) | {"unfit": one.unfit} for one in steps],
        "ratios": [asdict(one) | {"kept": one.kept} for one in held.ratios],
        "unmeasured": held.unmeasured,
    }


def offered_markdown(steps: Sequence[Step], plan: Plan, command: str) -> str:
    """The page section for docs/benchmarks.md."""
    machine, held = describe_machine(), held_to(steps)
    lines = [
        f"`{command}` at {describe_commit()}, {datetime.now(UTC):%Y-%m-%d}: {machine['processor']}, "
        f"{machine['cores']} cores, {machine['memory_gib']} GiB, Python {machine['python']}. "
        f"Medians of {plan.rounds} interleaved rounds (least to most), {plan.seconds:g} s a step.",
        "",
        *offered_table(rows(steps)),
        "",
        *(ratio_table(held.ratios) if held.ratios else []),
        *(["", f"NOT MEASURED, for no round was fit: {', '.join(held.unmeasured)}."] if held.unmeasured else []),
        "",
        f"A caller's deadline is {plan.light_deadline_s:g} s below the capacity, {plan.heavy_deadline_s * 1e3:g} ms "
        f"from it on. A round is unfit, and left out, when its caller was itself over {LATE_MS:g} ms late (p99), or "
        f"when the capacity just after was over {STEADY:g} times off the one just before. **A row in bold** had no fit "
        "round and counts for nothing.",
    ]
    return "\n".join(lines) + "\n"


def offered_table(found: Sequence[Row]) -> list[str]:
    """Lines of Markdown."""
    lines = [
        "| side | load | offered/s | goodput/s | of offered | of capacity | p50 ms | p90 ms | p99 ms | p99.9 ms "
        "| refused/s | given up/s | failed/s | sent late p99 ms | fit rounds |",
        "|" + "---|" * 15,
    ]
    return lines + [f"| {' | '.join(_cells(one))} |" for one in found]


def _cells(one: Row) -> list[str]:
    name, load = one.side, f"{one.share:.0%}"
    if not one.fit_rounds:
        name, load = f"**{name}**", f"**{load}**"
    return [
        name, load, _whole(one.offered_per_s), _whole(one.goodput_per_s),
        f"{one.goodput_of_offered.median:.1%}", f"{one.goodput_of_capacity.median:.0%}",
        *(_spread(each) if one.answers else "-" for each in (one.p50_ms, one.p90_ms, one.p99_ms, one.p99_9_ms)),
        *map(_whole, (one.refused_per_s, one.given_up_per_s, one.failed_per_s)),
        f"{one.late_p99_ms.median:.2f}",
        f"{one.fit_rounds} of {one.rounds}" + (f" ({', '.join(one.unfit)})" if one.unfit else ""),
    ]  # fmt: skip


def _whole(value: Figure) -> str:
    return f"{value.median:,.0f}"


def _spread(value: Figure) -> str:
    return f"{value.median:.3g} ({value.least:.3g} to {value.most:.3g})"
