"""What the method does on one's own data: false alarms where nothing changed, and planted shifts it should find.

Random halves of the reference are two samples of one population, so every alarm between them is false. The shifts are
planted into one half and looked for against the other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from monitoring.drift.bins import Floats
from monitoring.drift.judge import judge
from monitoring.drift.verdict import Column, Thresholds
from monitoring.report.columns import pair_columns
from monitoring.report.publish import write_json
from monitoring.report.target import find_target
from monitoring.summary.words import METHOD_WORDS
from strata.errors import InputInvalid
from strata.settings import load_settings

MIN_HALF: Final = 100
Plant = Callable[[Column, Floats], Floats]


def calibrate(columns: list[Column], thresholds: Thresholds, halves: int, seed: int) -> dict[str, Any]:
    """False alarms over `halves` random halves of each column's reference, and the share of planted shifts found.

    Keys: `rows`, `halves`, `columns`, `false_alarms`, `reports_with_false_alarm`, `planted`: per shift and column
    the share found and the methods that found it.
    """
    rows = len(columns[0].reference)
    alarms, alarmed, planted = 0, 0, dict[tuple[str, str], list[str | None]]()
    for split in track(list(_splits(rows, halves, seed)), description="random halves", transient=True):
        halved = [_halve(column, *split) for column in columns]
        found = sum(verdict.drifted for verdict in judge(halved, thresholds))
        alarms, alarmed = alarms + found, alarmed + bool(found)
        for shift, plant in PLANTS.items():
            for column, method in _plant_each(halved, plant, thresholds):
                planted.setdefault((shift, column), []).append(method)
    return {
        "rows": rows,
        "halves": halves,
        "seed": seed,
        "columns": len(columns),
        "false_alarms": alarms,
        "reports_with_false_alarm": alarmed,
        "planted": [_planted_row(shift, column, found) for (shift, column), found in planted.items()],
    }


def print_calibration(segmenter: str, halves: int, seed: int, json_file: Path | None) -> None:
    """Calibrate on the live version's reference; a table for people, JSON for programs."""
    settings = load_settings()
    target = find_target(settings, segmenter, None)
    columns = pair_columns(target.manifest, target.reference, target.reference)
    if len(columns[0].reference) < 2 * MIN_HALF:
        raise InputInvalid(f"the reference of {segmenter} has fewer than {2 * MIN_HALF} rows: too few to halve")
    thresholds = Thresholds(psi=settings.monitor.psi_threshold, missing=settings.monitor.missing_threshold)
    result = {"segmenter": segmenter, "version": target.manifest.version}
    result |= calibrate(columns, thresholds, halves, seed)
    _show(result)
    if json_file is not None:
        write_json(json_file, result)


def _splits(rows: int, halves: int, seed: int) -> Iterator[tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]]:
    rng = np.random.default_rng(seed)
    for _ in range(halves):
        order = rng.permutation(rows)
        yield order[: rows // 2], order[rows // 2 :]


def _halve(column: Column, one: np.ndarray[Any, Any], other: np.ndarray[Any, Any]) -> Column:
    return replace(column, reference=column.reference[one], current=column.reference[other])


def _plant_each(columns: list[Column], plant: Plant, thresholds: Thresholds) -> Iterator[tuple[str, str | None]]:
    """Shift one column at a time; the method that found it, or None. Columns a shift does not apply to are left out."""
    for index, column in enumerate(columns):
        shifted = plant(column, column.current)
        if np.array_equal(shifted, column.current, equal_nan=True):
            continue
        changed = [*columns[:index], replace(column, current=shifted), *columns[index + 1 :]]
        verdict = judge(changed, thresholds)[index]
        yield column.name, verdict.leading.method if verdict.drifted else None


def _plus_30_percent(column: Column, values: Floats) -> Floats:
    return values * 1.3 if column.kind == "number" else values


def _nulls_20_percent(column: Column, values: Floats) -> Floats:
    shifted = values.copy()
    shifted[::5] = np.nan  # halves are in random order, so every fifth row is a random fifth
    return shifted


def _vanished(column: Column, values: Floats) -> Floats:
    """The most frequent category answers as the next one."""
    present = values[np.isfinite(values)]
    if column.kind != "category" or len(np.unique(present)) < 2:
        return values
    codes, counts = np.unique(present, return_counts=True)
    first, second = codes[np.argsort(-counts, kind="stable")[:2]]
    return np.where(values == first, second, values)


PLANTS: Final[dict[str, Plant]] = {
    "all values +30 %": _plus_30_percent,
    "20 % nulls": _nulls_20_percent,
    "a category vanishes": _vanished,
}


def _planted_row(shift: str, column: str, found: list[str | None]) -> dict[str, Any]:
    methods = sorted({method for method in found if method is not None})
    return {
        "shift": shift,
        "column": column,
        "found": sum(m is not None for m in found) / len(found),
        "methods": methods,
    }


def _show(result: dict[str, Any]) -> None:
    console = Console(soft_wrap=True)
    console.print(
        f"{result['segmenter']} {result['version']}: {result['false_alarms']} false alarms in {result['halves']} "
        f"random halves of {result['rows']:,} rows over {result['columns']} columns",
        highlight=False,
    )
    table = Table("planted shift", "column", "found", "by")
    for row in result["planted"]:
        by = ", ".join(METHOD_WORDS[method] for method in row["methods"])
        table.add_row(row["shift"], row["column"], f"{row['found']:.0%}", by)
    console.print(table)
