"""One range of users, replayed and asked of the oracle; runs in a process of its own, without Feast."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from feature_repo.offline.bulk import UserRange, read_range
from feature_repo.offline.frame import Asked
from feature_repo.offline.history import ParquetSource
from feature_repo.parity.oracle import Columns, Tags, UserOracle
from feature_repo.parity.replay import plan_visits, replay
from strata.events import event_schema
from strata.features.events import EventBatch
from strata.features.layout import compile_layout
from strata.features.plan import compile_view
from strata.features.reader import compile_reader
from strata.features.spec import ViewSpec
from strata.state import open_state

if TYPE_CHECKING:
    import pyarrow as pa

Values = NDArray[np.float64]
TIMES: Final = {"event_time_us": "event_time", "recorded_us": "recorded_at"}


@dataclass(frozen=True)
class Job:
    """What one process is given: views, events, and the pairs that ask about these users."""

    specs: Sequence[ViewSpec]
    source: ParquetSource
    watermark_us: int
    users: UserRange | None
    """None: users without a single event."""
    asked: Asked
    rows: NDArray[np.intp]
    """Where the answers belong."""
    run: Path
    table: str = "parity"


@dataclass(frozen=True)
class Answer:
    """float64 [pairs, features] twice, and the seconds each took."""

    rows: NDArray[np.intp]
    online: Values
    oracle: Values
    seconds: dict[str, float]


def answer(job: Job) -> Answer:
    """Both sides for one range of users."""
    plans = [compile_view(spec) for spec in job.specs]
    table = event_schema().empty_table() if job.users is None else read_range(job.source, job.watermark_us, job.users)
    began = time.perf_counter()
    with tempfile.TemporaryDirectory(prefix="parity-", dir=job.run) as folder, open_state(Path(folder)) as state:
        layouts = {job.table: compile_layout(job.table, job.specs)}
        reader = compile_reader(plans, layouts, dict.fromkeys((spec.name for spec in job.specs), job.table))
        visits = plan_visits(EventBatch.from_arrow(table), job.asked)
        online = replay(state, list(layouts.values()), reader, visits, len(job.asked))
    middle = time.perf_counter()
    oracle = _oracle(table, job.asked, [field.tags for plan in plans for field in plan.spec.fields])
    return Answer(job.rows, online, oracle, {"online": middle - began, "oracle": time.perf_counter() - middle})


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
