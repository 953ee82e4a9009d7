"""Compute every windowed feature three ways over a home's history."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from feature_repo.offline.bulk import UserRange, user_ranges
from feature_repo.offline.frame import Asked
from feature_repo.offline.history import ParquetSource
from feature_repo.parity.compare import Parity, Sides, Values, compare
from feature_repo.parity.pairs import read_timeline, sample_pairs
from feature_repo.parity.part import Job, answer
from feature_repo.places import history_of
from feature_repo.specs import kind_of, plan_of
from feature_repo.store import open_store
from strata.errors import DefinitionInvalid
from strata.features.plan import Plan
from strata.settings import Settings

if TYPE_CHECKING:
    from feast import FeatureStore

Progress = Callable[[str, int], None]
"""Told a stage (`offline`, then `online and oracle`) and how many more pairs it has done."""
EVENTS_AT_A_TIME: Final = 100_000
"""As Python objects an event takes about a kilobyte."""


def measure_parity(settings: Settings, pairs: int, seed: int, progress: Progress) -> Parity:
    """Compare every windowed feature of the registry at `pairs` sampled instants.

    Online is a replay of the history, in recorded order, into a fresh state read at each instant; offline is Feast's
    historical retrieval; the oracle is plain Python. Raises DefinitionInvalid without windowed views, InputInvalid
    without events.
    """
    store = open_store(settings)
    plans, source = _windowed(store)
    windows = sorted({(f.definition.window_us, f.definition.hop_us) for plan in plans for f in plan.spec.fields})
    asked = sample_pairs(read_timeline(source), windows, pairs, seed)
    began = time.perf_counter()
    offline = _offline(store, plans, asked)
    seconds = {"offline": time.perf_counter() - began}
    progress("offline", pairs)
    settings.run.mkdir(parents=True, exist_ok=True)
    sides = _online_and_oracle(list(_jobs(plans, source, asked, settings.run)), offline, progress, seconds)
    names = [f"{plan.spec.name}:{name}" for plan in plans for name in plan.spec.names]
    return compare(names, asked, sides, seed, seconds)


def _windowed(store: FeatureStore) -> tuple[list[Plan], ParquetSource]:
    views = [view for view in store.list_feature_views() if kind_of(view) == "windowed"]
    sources = {history_of(store.config, view.batch_source) for view in views}
    if len(sources) != 1:
        raise DefinitionInvalid(
            f"the registry has windowed views over {len(sources)} histories and parity compares one; "
            "run 'strata features apply' if nothing is applied yet"
        )
    return [plan_of(view) for view in views], sources.pop()


def _offline(store: FeatureStore, plans: Sequence[Plan], asked: Asked) -> Values:
    import pandas as pd

    frame = pd.DataFrame({"user_id": asked.users, "event_timestamp": pd.to_datetime(asked.t_us, unit="us", utc=True)})
    refs = [(plan.spec.name, name) for plan in plans for name in plan.spec.names]
    table = store.get_historical_features(
        entity_df=frame,
        features=[f"{view}:{name}" for view, name in refs],
        full_feature_names=True,
        filter_by_created_timestamp=True,
    ).to_arrow()
    return np.column_stack([table.column(f"{view}__{name}").cast("float64").to_numpy() for view, name in refs])


def _jobs(plans: Sequence[Plan], source: ParquetSource, asked: Asked, run: Path) -> Iterator[Job]:
    """Ranges of users, and the pairs that ask about them; users without events come last."""
    specs, watermark_us = [plan.spec for plan in plans], int(asked.t_us.max())
    ids = np.array([user.encode() for user in asked.users], dtype=object)
    left = np.ones(len(asked), dtype=np.bool_)

    def job(users: UserRange | None, chosen: NDArray[np.bool_]) -> Job:
        rows = np.flatnonzero(chosen)
        return Job(specs, source, watermark_us, users, Asked(asked.users[rows], asked.t_us[rows]), rows, run)

    for users in user_ranges(source, watermark_us, EVENTS_AT_A_TIME):
        chosen = left & (ids >= users.first.encode()) & (ids <= users.last.encode())
        left &= ~chosen
        if chosen.any():
            yield job(users, chosen)
    if left.any():
        yield job(None, left)


def _online_and_oracle(jobs: Sequence[Job], values: Values, progress: Progress, seconds: dict[str, float]) -> Sides:
    """Every job in a process of its own, as many at a time as there are cores."""
    online, oracle = np.full_like(values, np.nan), np.full_like(values, np.nan)
    spawn = multiprocessing.get_context("spawn")  # a fork would copy DuckDB's and LMDB's threads and locks
    with ProcessPoolExecutor(min(len(jobs), os.cpu_count() or 1), mp_context=spawn) as pool:
        for done in as_completed([pool.submit(answer, job) for job in jobs]):
            found = done.result()
            online[found.rows], oracle[found.rows] = found.online, found.oracle
            for stage, spent in found.seconds.items():
                seconds[stage] = seconds.get(stage, 0.0) + spent
            progress("online and oracle", len(found.rows))
    return Sides(online, values, oracle)
