"""The cost of scoring as tables and as JSON (keys: docs/benchmarks.md)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from loadtests.bench.summary import Ratio, figure
from loadtests.bench.tables import ratio_table
from loadtests.live.report import header
from loadtests.models.measure import Cell, Sample
from loadtests.models.plan import BATCH_ROWS, LEAST_RATIO, Plan
from loadtests.models.prepared import PreparedSubject
from loadtests.models.subjects import Subject
from strata.features import kernel

WORDS = {"ours": "package", "booster": "Booster.predict", "c_api": "LightGBM's C API"}


def models_document(
    found: Sequence[Subject],
    prepared: Sequence[PreparedSubject],
    samples: Mapping[Cell, Sequence[Sample]],
    plan: Plan,
    command: str,
) -> dict[str, Any]:
    """Everything, as plain values."""
    return header(command) | {
        "plan": asdict(plan),
        "kernel": kernel.implementation(),
        "models": [_model(one) for one in found],
        "prepared": [one.to_json() for one in prepared],
        "rows": [_row(cell, taken) for cell, taken in samples.items()],
        "ratios": [asdict(one) | {"kept": one.kept} for one in ratios(samples, plan)],
    }


def ratios(samples: Mapping[Cell, Sequence[Sample]], plan: Plan) -> list[Ratio]:
    """`Booster.predict` / ours and the C API / ours, by wall and by CPU, taken round by round."""
    found = []
    for cell, ours in samples.items():
        if cell.engine != "ours" or Cell(cell.subject, cell.rows, "booster") not in samples:
            continue
        held = cell.rows == BATCH_ROWS and cell.subject == f"{plan.classes} classes"
        for engine in ("booster", "c_api"):
            pairs = list(zip(samples[Cell(cell.subject, cell.rows, engine)], ours, strict=True))
            name = f"{cell.subject}, {cell.rows} a call: {WORDS[engine]} / ours"
            wall = figure([theirs.wall_us / mine.wall_us for theirs, mine in pairs])
            cpu = figure([theirs.cpu_us / mine.cpu_us for theirs, mine in pairs])
            bound = LEAST_RATIO if held and engine == "booster" else None
            found += [Ratio(f"{name}, wall", wall, at_least=bound), Ratio(f"{name}, CPU", cpu)]
    return found


def models_tables(document: Mapping[str, Any], claims: Sequence[Ratio]) -> str:
    """Markdown."""
    lines = ["| model | trees | outputs | features | loaded in s | scored by |", "|---|---|---|---|---|---|"]
    for one in document["models"]:
        cells = (one["name"], f"{one['trees']:,}", str(one["outputs"]), str(one["features"]), f"{one['load_s']:.2f}")
        lines.append(f"| {' | '.join(cells)} | {one['scored_by']} |")
    lines += ["", "| model of prepared rows | features | steps | columns |", "|---|---|---|---|"]
    lines += [
        f"| {one['name']} | {one['features']} | {one['steps']} | {one['columns']} |" for one in document["prepared"]
    ]
    lines += ["", "| model | rows a call | scored by | us/row | CPU us/row | other CPU |", "|---|---|---|---|---|---|"]
    for row in document["rows"]:
        costs = (_spread(row["wall_us_per_row"]), _spread(row["cpu_us_per_row"]))
        what = f"| {row['model']} | {row['rows_per_call']} | {WORDS[row['engine']]}"
        lines.append(f"{what} | {' | '.join(costs)} | {row['other_cpu_share']['median']:.2f} |")
    lines += ["", *ratio_table(claims)]
    return "\n".join(lines)


def _model(subject: Subject) -> dict[str, Any]:
    native = subject.model.booster.native
    return {
        "name": subject.name,
        "trees": subject.theirs.num_trees(),
        "outputs": subject.theirs.num_model_per_iteration(),
        "features": subject.values.shape[1],
        "reference_rows": len(subject.values),
        "load_s": round(subject.load_s, 4),
        "scored_by": "LightGBM" if native is None else "kernel, by bins" if native.by_bins else "kernel, node by node",
    }


def _row(cell: Cell, taken: Sequence[Sample]) -> dict[str, Any]:
    return {
        "model": cell.subject,
        "rows_per_call": cell.rows,
        "engine": cell.engine,
        "wall_us_per_row": asdict(figure([one.wall_us for one in taken])),
        "cpu_us_per_row": asdict(figure([one.cpu_us for one in taken])),
        "other_cpu_share": asdict(figure([one.other_cpu_share for one in taken])),
    }


def _spread(found: Mapping[str, float]) -> str:
    return f"{found['median']:,.2f} ({found['least']:,.2f} to {found['most']:,.2f})"
