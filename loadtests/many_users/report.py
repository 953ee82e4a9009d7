"""The run as a person sees it (a bar, then tables), and as JSON and Markdown (keys: docs/benchmarks.md)."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.progress import Progress as Bars

from loadtests.bench.machine import describe_commit, describe_machine
from loadtests.bench.summary import Figure
from loadtests.bench.tables import ratio_table
from loadtests.many_users.figures import CallRow, ReadRow, StoreRow
from loadtests.many_users.plan import Plan
from loadtests.many_users.run import Outcome

TERMINATED = 128 + signal.SIGTERM


class Bar:
    """A bar on standard error."""

    def __init__(self, bars: Bars) -> None:
        self._bars, self._task = bars, bars.add_task("", total=None)

    def begin(self, what: str, total: int) -> None:
        """See `run.Progress`."""
        self._bars.reset(self._task, total=total, description=what)

    def advance(self, steps: int, what: str = "") -> None:
        """See `run.Progress`."""
        self._bars.update(self._task, advance=steps, description=what or None)


@contextmanager
def shown() -> Iterator[Bar]:
    """A bar, and SIGTERM that unwinds like Ctrl-C, so that nothing written is left behind."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(TERMINATED))
    columns = (TextColumn("{task.description:<44}"), BarColumn(), TimeElapsedColumn(), TimeRemainingColumn())
    with Bars(*columns, console=Console(stderr=True), transient=True) as bars:
        yield Bar(bars)


def users_document(outcome: Outcome, plan: Plan, command: str) -> dict[str, Any]:
    """Everything, as plain values."""
    return {
        "command": command,
        "commit": describe_commit(),
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": describe_machine(),
        "plan": asdict(plan),
        "not_measured": outcome.not_measured,
        "stores": [asdict(one) for one in outcome.stores],
        "reads": [asdict(one) for one in outcome.reads],
        "calls": [asdict(one) for one in outcome.calls],
        "ratios": [{"name": one.name, "value": asdict(one.value)} for one in outcome.ratios],
    }


def users_markdown(outcome: Outcome, plan: Plan, command: str) -> str:
    """The page section for docs/benchmarks.md."""
    machine = describe_machine()
    words = [
        f"`{command}` at {describe_commit()}, {datetime.now(UTC):%Y-%m-%d}: {machine['processor']}, "
        f"{machine['cores']} cores, {machine['memory_gib']} GiB, Python {machine['python']}. "
        f"Medians of {plan.rounds} interleaved rounds (least to most).",
        "",
        *_store_table(outcome.stores),
        "",
        *_read_table(outcome.reads),
        "",
        *_call_table(outcome.calls),
        "",
        *(ratio_table(outcome.ratios) if outcome.ratios else []),
        "",
        *(f"NOT MEASURED: {one}" for one in outcome.not_measured),
    ]
    return "\n".join(words).rstrip() + "\n"


def write_users(path: Path, document: dict[str, Any]) -> None:
    """The document in a file."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")


def _store_table(found: Sequence[StoreRow]) -> list[str]:
    lines = [
        "| store | users | rows | MB | bytes/user | written in s | in memory before, after | answered live |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        memory = f"{one.in_memory_before / one.bytes:.0%}, {one.in_memory_after / one.bytes:.0%}"
        figures = (f"{one.bytes / 1e6:,.0f}", f"{one.bytes_per_user:,.0f}", f"{one.written_s:,.1f}", memory)
        cells = (one.store, f"{one.users:,}", f"{one.rows:,}", *figures, f"{one.live_share:.0%}")
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _read_table(found: Sequence[ReadRow]) -> list[str]:
    lines = [
        "| store | users | drawn | users a read | wall us/user | CPU us/user | p50 us a read | p99 us | from disk |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in found:
        times = (f"{one.p50_us.median:,.0f}", f"{one.p99_us.median:,.0f}", f"{one.major_faults_per_user.median:.2f}")
        costs = (_tenths(one.wall_us_per_user), _tenths(one.cpu_us_per_user), *times)
        cells = (one.store, f"{one.users:,}", one.pattern, str(one.users_per_read), *costs)
        lines.append(f"| {' | '.join(cells)} |")
    return lines


def _call_table(found: Sequence[CallRow]) -> list[str]:
    lines = [
        "| store | users | GetSegments, one at a time | p50 ms | p99 ms | server CPU us/call | failed |",
        "|---|---|---|---|---|---|---|",
    ]
    for one in found:
        cost = f"{one.server_cpu_us.median:,.0f} ({one.server_cpu_us.least:,.0f} to {one.server_cpu_us.most:,.0f})"
        cells = (_thousandths(one.p50_ms), _thousandths(one.p99_ms), cost, str(one.failed))
        lines.append(f"| {one.store} | {one.users:,} | {one.calls:,} | {' | '.join(cells)} |")
    return lines


def _tenths(value: Figure) -> str:
    return f"{value.median:,.1f} ({value.least:,.1f} to {value.most:,.1f})"


def _thousandths(value: Figure) -> str:
    return f"{value.median:.3g} ({value.least:.3g} to {value.most:.3g})"
