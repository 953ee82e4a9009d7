"""Compute every windowed feature three ways over a history, a range of users at a time."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Final

from feature_repo.offline.bulk import user_ranges
from feature_repo.offline.history import ParquetSource
from feature_repo.parity.compare import Parity, together
from feature_repo.parity.part import ALWAYS_US, Job, answer
from feature_repo.parity.perturb import Perturbation
from strata.errors import DefinitionInvalid, InputInvalid
from strata.features import kernel
from strata.features.plan import LATENESS_US
from strata.registry import read_catalog
from strata.registry.catalog import Catalog
from strata.settings import Settings
from streaming.history import EVENTS_GLOB

Progress = Callable[[int], None]
"""Told how many more pairs are done."""
EVENTS_AT_A_TIME: Final = 100_000
"""As Python objects an event takes about a kilobyte."""
PAIRS_AT_A_TIME: Final = 20_000


@dataclass(frozen=True)
class Question:
    """What to compare."""

    pairs: int = 20_000
    seed: int = 7
    oracle: int | None = None
    """How many pairs to ask the oracle about; None: all."""
    how: Perturbation = field(default_factory=Perturbation)
    history: Path | None = None
    """Another history than the home's, or the home it is in."""


def measure_parity(settings: Settings, question: Question, progress: Progress) -> Parity:
    """Compare every windowed feature of the registry at sampled instants.

    Online is a log of the history, perturbed as asked, replayed into a fresh state read at each instant; offline is
    what training sets are made with; the oracle is plain Python. What was done before an interruption is not done
    again. Raises DefinitionInvalid without windowed views, InputInvalid without events.
    """
    catalog = read_catalog(settings.registry)
    source = history_source(settings, catalog, question.history)
    work = settings.run / f"parity-{_key(catalog, source, question)}"
    work.mkdir(parents=True, exist_ok=True)
    done: dict[int, Parity] = {}
    jobs = []
    for job in _jobs(catalog, source, question, work):
        path = _result(work, job.number)
        if path.exists():
            done[job.number] = Parity.from_json(json.loads(path.read_text(encoding="utf-8")))
            progress(job.pairs)
        else:
            jobs.append(job)
    for number, found in _answers(jobs):
        hidden = work / f".{number}.tmp"
        hidden.write_text(json.dumps(found.to_json()), encoding="utf-8")
        hidden.replace(_result(work, number))
        done[number] = found
        progress(found.pairs)
    shutil.rmtree(work)
    return together(found for _, found in sorted(done.items()))


def history_source(settings: Settings, catalog: Catalog, history: Path | None = None) -> ParquetSource:
    """The events that windowed views are computed from. Raises DefinitionInvalid unless it is one history."""
    sources = sorted({view.source for view in catalog.views.values() if view.kind == "windowed"})
    if len(sources) != 1:
        raise DefinitionInvalid(
            f"the registry has windowed views over {len(sources)} histories and parity compares one; "
            "run 'strata features apply' if nothing is applied yet"
        )
    root = settings.history if history is None else history
    if history is not None and (history / "history").is_dir():
        root = history / "history"
    source = ParquetSource(sources[0], str(root / EVENTS_GLOB), "event_time", "recorded_at", str(root))
    if not source.exists():
        raise InputInvalid(f"there are no events in {root} to compare features over; run: strata events import-demo")
    return source


def _jobs(catalog: Catalog, source: ParquetSource, question: Question, work: Path) -> Iterator[Job]:
    """Ranges of users, each with its share of the pairs."""
    specs = [view.spec for view in sorted(catalog.views.values(), key=lambda v: v.name) if view.kind == "windowed"]
    total = sum(one.events for one in user_ranges(source, ALWAYS_US, 2**62))
    most = max(1, min(EVENTS_AT_A_TIME, total * PAIRS_AT_A_TIME // question.pairs))
    ranges = user_ranges(source, ALWAYS_US, most)
    oracle = question.pairs if question.oracle is None else question.oracle
    shares = zip(*(_shares(count, [one.users for one in ranges]) for count in (question.pairs, oracle)), strict=True)
    for number, (users, (pairs, known)) in enumerate(zip(ranges, shares, strict=True)):
        if pairs:
            table_of = {spec.name: catalog.table_of(spec.name) for spec in specs}
            yield Job(
                number, specs, catalog.tables(), table_of, source, users, pairs, known, question.seed,
                question.how, work,
            )  # fmt: skip


def _shares(count: int, weights: Sequence[int]) -> list[int]:
    """Whole shares of a count that add up to it."""
    ends, seen, total = [0], 0, sum(weights)
    for weight in weights:
        seen += weight
        ends.append(count * seen // total)
    return [end - start for start, end in pairwise(ends)]


def _answers(jobs: Sequence[Job]) -> Iterator[tuple[int, Parity]]:
    """Every job in a process of its own, as many at a time as there are cores."""
    if not jobs:
        return
    spawn = multiprocessing.get_context("spawn")  # a fork would copy DuckDB's and LMDB's threads and locks
    with ProcessPoolExecutor(min(len(jobs), os.cpu_count() or 1), mp_context=spawn) as pool:
        asked = {pool.submit(answer, job): job.number for job in jobs}
        try:
            for done in as_completed(asked):
                yield asked[done], done.result()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)


def _result(work: Path, number: int) -> Path:
    return work / f"{number}.json"


def _key(catalog: Catalog, source: ParquetSource, question: Question) -> str:
    """What a half done comparison is known by: everything its outcome depends on."""
    files = [(str(path), path.stat().st_size, path.stat().st_mtime_ns) for path in source.files()]
    asked = {**asdict(question), "history": str(question.history)}
    found = json.dumps([catalog.version, LATENESS_US, kernel.implementation(), asked, files], sort_keys=True)
    return hashlib.sha256(found.encode()).hexdigest()[:12]
