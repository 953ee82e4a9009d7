"""Compute every windowed feature three ways over a home's history."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from feature_repo.offline.bulk import event_parts
from feature_repo.offline.frame import Asked
from feature_repo.offline.history import ParquetSource
from feature_repo.parity.compare import Parity, Sides, Values, compare
from feature_repo.parity.oracle import Columns, Tags, UserOracle
from feature_repo.parity.pairs import read_timeline, sample_pairs
from feature_repo.parity.replay import plan_visits, replay
from feature_repo.places import history_of
from feature_repo.specs import kind_of, plan_of
from feature_repo.store import open_store
from strata.errors import DefinitionInvalid
from strata.features.events import EventBatch
from strata.features.plan import Plan
from strata.settings import Settings
from strata.state import open_state

if TYPE_CHECKING:
    import pyarrow as pa
    from feast import FeatureStore

Progress = Callable[[str, int], None]
"""Told a stage (`offline`, `online`, `oracle`) and how many more pairs it has done."""
EVENTS_AT_A_TIME: Final = 100_000
"""As Python objects an event takes about a kilobyte."""
TIMES: Final = {"event_time_us": "event_time", "recorded_us": "recorded_at"}


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
    stopwatch = _Stopwatch()
    with stopwatch.timing("offline"):
        offline = _offline(store, plans, asked)
    progress("offline", pairs)
    online, oracle = _online_and_oracle(_World(plans, source, asked), settings.run, progress, stopwatch)
    names = [f"{plan.spec.name}:{name}" for plan in plans for name in plan.spec.names]
    return compare(names, asked, Sides(online, offline, oracle), seed, stopwatch.seconds)


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


@dataclass(frozen=True)
class _World:
    """What is compared, and over which events."""

    plans: Sequence[Plan]
    source: ParquetSource
    asked: Asked

    @property
    def tags(self) -> list[Tags]:
        return [field.tags for plan in self.plans for field in plan.spec.fields]


def _online_and_oracle(world: _World, run: Path, progress: Progress, stopwatch: _Stopwatch) -> tuple[Values, Values]:
    asked, tags = world.asked, world.tags
    online, oracle = (np.full((len(asked), len(tags)), np.nan) for _ in range(2))
    run.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="parity-", dir=run) as folder, open_state(Path(folder) / "state") as state:
        for table, rows in _by_users(world.source, asked):
            some = Asked(asked.users[rows], asked.t_us[rows])
            with stopwatch.timing("online"):
                rounds = plan_visits(EventBatch.from_arrow(table), some)
                online[rows] = replay(state, world.plans, rounds, len(rows), lambda more: progress("online", more))
            with stopwatch.timing("oracle"):
                oracle[rows] = _oracle(table, some, tags)
            progress("oracle", len(rows))
    return online, oracle


def _by_users(source: ParquetSource, asked: Asked) -> Iterator[tuple[pa.Table, NDArray[np.intp]]]:
    """Ranges of users: their events, and the rows that ask about them. Unknown users come last, without events."""
    left = np.ones(len(asked), dtype=np.bool_)
    for part in event_parts(source, int(asked.t_us.max()), per_part=EVENTS_AT_A_TIME):
        held = np.isin(asked.users.astype(str), np.array(part.table.column("user_id").unique().to_pylist(), dtype=str))
        left &= ~held
        empty = part.table.slice(0, 0)
        if held.any():
            yield part.table, np.flatnonzero(held)
    if left.any():
        yield empty, np.flatnonzero(left)


def _oracle(table: pa.Table, asked: Asked, tags: Sequence[Tags]) -> Values:
    wanted: dict[str, list[int]] = {}
    for row, user in enumerate(asked.users):
        wanted.setdefault(user, []).append(row)
    values = np.full((len(asked), len(tags)), np.nan)
    for user, columns in _columns_by_user(table, wanted):
        oracle = UserOracle(columns)
        for row in wanted[user]:
            found = oracle.values(tags, int(asked.t_us[row]))
            values[row] = [np.nan if value is None else value for value in found]
    return values


def _columns_by_user(table: pa.Table, users: Iterable[str]) -> Iterator[tuple[str, Columns]]:
    """Each user's events as Python columns; a user without events is left out."""
    table = table.sort_by("user_id")
    held = np.array(table.column("user_id").to_pylist(), dtype=object)
    columns = {name: table.column(name).to_pylist() for name in table.column_names if name not in TIMES.values()}
    columns |= {name: table.column(column).cast("int64").to_pylist() for name, column in TIMES.items()}
    for user in users:
        low, high = np.searchsorted(held, user, "left"), np.searchsorted(held, user, "right")
        if high > low:
            yield user, {name: values[low:high] for name, values in columns.items()}


class _Stopwatch:
    """Seconds by stage."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        began = time.perf_counter()
        yield
        self.seconds[stage] = self.seconds.get(stage, 0.0) + time.perf_counter() - began
