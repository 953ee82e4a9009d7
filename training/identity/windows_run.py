"""Many windows, one after another: kept as they are made, so that a run that was cut off goes on."""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np

from strata.append_only import append_line, read_lines
from strata.events import DAY_US
from strata.runtime import Package, find_package, load_package, write_package
from training.definition import Definition
from training.gather import read_known
from training.history import History
from training.identity.solution import Population, compare
from training.identity.windows import Record, Window, retrain
from training.journal import definition_hash
from training.one_training import one_training
from training.produce import Sources

RECORDS: Final = "records.jsonl"


@dataclass(frozen=True)
class Plan:
    """Which windows, and where their scratch is."""

    definition: Definition
    clocks_us: tuple[int, ...]
    """Ascending."""
    span_us: int | None
    """Learn from so much before each clock; None: from all before."""
    scratch: Path
    """Above the folders of runs; each is removed when it is done."""

    @property
    def folder(self) -> Path:
        """Of this run: another definition, clock or span is another run."""
        told = json.dumps([definition_hash(self.definition), self.clocks_us, self.span_us])
        return self.scratch / f"{self.definition.name}-{hashlib.sha256(told.encode()).hexdigest()[:12]}"


def lay_back(last_us: int, windows: int, step_days: int) -> tuple[int, ...]:
    """Clocks `step_days` apart, the last at `last_us`.

    >>> [clock // DAY_US for clock in lay_back(30 * DAY_US, 3, 7)]
    [16, 23, 30]
    """
    return tuple(last_us - back * step_days * DAY_US for back in reversed(range(windows)))


def run(plan: Plan, sources: Sources, begin: Callable[[int], None] = lambda number: None) -> dict[str, Any]:
    """Every window's record and what they say together; keys in docs/training_runs.md.

    `begin` is called with the number of each window before it is trained. Raises AlreadyRunning when another process
    runs the same plan.
    """
    with one_training(plan.folder):
        records = _records(plan.folder)
        packages = _packages(plan, len(records) - 1) if records else {}
        for number in range(len(records), len(plan.clocks_us)):
            begin(number)
            clock_us = plan.clocks_us[number]
            since_us = None if plan.span_us is None else clock_us - plan.span_us
            seen = Sources(sources.reader, History(sources.history.folder, since_us))
            window = retrain(plan.definition, seen, clock_us, packages, number, scratch=plan.folder / "trials")
            _keep(plan, number, window)
            packages = _packages(plan, number)
            records.append(window.record)
        ends = _end_to_end(plan, sources, packages)
        shutil.rmtree(plan.folder)
    return {"segmenter": plan.definition.name, **summarise(records), "first_to_last": ends, "windows": records}


def summarise(records: Sequence[Record]) -> dict[str, Any]:
    """Mean and least share of users who keep their key from one window to the next, by way; and how segments went."""
    later = [record for record in records if "keeping" in record]
    ways = list(later[0]["keeping"]) if later else []
    shares = {way: [record["keeping"][way] for record in later] for way in ways}
    causes = [record["since"] for record in later if record["since"] is not None]
    told = ("users", "moved", "features", "model", "both")
    return {
        "keeping": {way: {"mean": float(np.mean(each)), "least": min(each)} for way, each in shares.items()},
        "kinds": {kind: sum(len(record[kind]) for record in later)
                  for kind in ("kept", "merged", "split", "new", "vanished")},
        "moved": {cause: sum(each[cause] for each in causes) for cause in told},
    }  # fmt: skip


def _end_to_end(plan: Plan, sources: Sources, last: Mapping[str, Package]) -> dict[str, float]:
    """By way: share of the last window's users whose key is the same by the first window's version and the last's."""
    schema = sources.reader.schema(plan.definition.feature_service)
    values = read_known(sources.reader, schema, sources.history, plan.clocks_us[-1]).values
    first = _packages(plan, 0)
    return {way: 1 - compare(first[way], last[way], Population(values, values)).moved_share for way in last}


def _records(folder: Path) -> list[Record]:
    """Whole ones; a line that was cut off is followed by the whole one of the run after."""
    found = []
    for line in read_lines(folder / RECORDS):
        with contextlib.suppress(ValueError):
            found.append(json.loads(line))
    return found


def _keep(plan: Plan, number: int, window: Window) -> None:
    """Store the packages, then the record: a window without its record is trained again."""
    place = plan.folder / str(number)
    shutil.rmtree(place, ignore_errors=True)
    for way, version in window.versions.items():
        write_package(place / way, version.manifest, version.files)
    with (plan.folder / RECORDS).open("a+b") as file:
        append_line(file.fileno(), json.dumps(window.record).encode() + b"\n")


def _packages(plan: Plan, number: int) -> dict[str, Package]:
    ways = sorted((plan.folder / str(number)).iterdir())
    return {way.name: load_package(find_package(way, plan.definition.name)) for way in ways}
