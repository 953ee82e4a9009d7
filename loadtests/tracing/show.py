"""The cost of tracing as a person sees it and as JSON (keys: docs/benchmarks.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from loadtests.bench.document import document, markdown, rows
from loadtests.bench.plan import Plan
from loadtests.bench.show import progress, tell
from loadtests.tracing.run import TRACED, run_tracing
from strata.settings import Settings

BEFORE_ROUNDS = 4
"""Things said before and after the measurement: Collectors, gateways, two checks."""
CELLS = (1 + len(TRACED)) * 3


def run_and_show(
    settings: Settings,
    users: Sequence[str],
    plan: Plan,
    *,
    command: str,
    json_file: Path | None,
    markdown_file: Path | None,
) -> bool:
    """Measure, print, write. Returns whether every reply was right."""
    with progress(BEFORE_ROUNDS + CELLS * (plan.rounds + 1)) as say:
        outcome, spans = run_tracing(settings, users, plan, say)
    found = document(outcome, plan, command) | {"spans_per_call": spans}
    tell(f"{markdown(outcome, plan, command)}{_words(spans)}\n", found, json_file, markdown_file)
    return not any(one.bad_runs for one in rows(outcome))


def _words(spans: Mapping[str, float]) -> str:
    told = ", ".join(f"{name} {count:.2f}" for name, count in spans.items())
    return f"Spans a call that came to the Collector: {told}."
