"""One range of users: perturbed, replayed, asked of the history and of the oracle, in a process without Feast."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from feature_repo.offline.bulk import UserRange, read_range
from feature_repo.offline.frame import Asked
from feature_repo.offline.history import ParquetSource
from feature_repo.offline.windowed import windowed_at
from feature_repo.parity.compare import Parity, Sides, compare
from feature_repo.parity.oracle import Columns, Tags, UserOracle
from feature_repo.parity.pairs import sample_pairs, timeline_of
from feature_repo.parity.perturb import Perturbation, perturbed
from feature_repo.parity.replay import Replay, log_of
from strata.features.events import EventBatch
from strata.features.layout import Layout
from strata.features.plan import compile_view
from strata.features.reader import compile_reader
from strata.features.spec import ViewSpec

if TYPE_CHECKING:
    import pyarrow as pa

Values = NDArray[np.float64]
TIMES: Final = {"event_time_us": "event_time", "recorded_us": "recorded_at"}
ALWAYS_US: Final = 2**57


@dataclass(frozen=True)
class Job:
    """What one process is given: views, a range of users, and how many pairs to ask about them."""

    number: int
    specs: Sequence[ViewSpec]
    tables: Mapping[str, Layout]
    table_of: Mapping[str, str]
    source: ParquetSource
    users: UserRange
    pairs: int
    oracle: int
    """How many of the pairs the oracle is asked about."""
    seed: int
    how: Perturbation
    work: Path

    @property
    def names(self) -> list[str]:
        """`view:feature`, in order."""
        return [f"{spec.name}:{name}" for spec in self.specs for name in spec.names]


def answer(job: Job) -> Parity:
    """Three answers for one range of users, compared."""
    random = np.random.default_rng([job.seed, job.number])
    events = perturbed(read_range(job.source, ALWAYS_US, job.users), job.how, random)
    definitions = [field.definition for spec in job.specs for field in spec.fields]
    windows = sorted({(one.window_us, one.hop_us) for one in definitions})
    asked = sample_pairs(timeline_of(events), windows, job.pairs, int(random.integers(2**31)))
    clock = _Stopwatch()
    with tempfile.TemporaryDirectory(prefix=f"part-{job.number}-", dir=job.work) as folder:
        reader = compile_reader([compile_view(spec) for spec in job.specs], job.tables, job.table_of)
        logs = log_of(EventBatch.from_arrow(events))
        with closing(Replay(Path(folder), list(job.tables.values()), reader, logs)) as replay:
            online = replay.run(asked, job.how.restarts, random)
        clock.lap("online")
        offline = _offline(job, Path(folder), events, asked)
        clock.lap("offline")
    chosen = np.sort(random.choice(len(asked), min(job.oracle, len(asked)), replace=False))
    tags = [field.tags for spec in job.specs for field in spec.fields]
    oracle = _oracle(events, Asked(asked.users[chosen], asked.t_us[chosen]), tags)
    clock.lap("oracle")
    found = compare(job.names, asked, Sides(online.values, offline, oracle, chosen), events)
    return replace(
        found,
        verdicts=dict(online.verdicts),
        replays=online.replays,
        replays_wrong=online.replays_wrong,
        seconds=clock.seconds,
    )


class _Stopwatch:
    """Seconds of CPU of this process, lap by lap."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self._at = time.process_time()

    def lap(self, name: str) -> None:
        now = time.process_time()
        self.seconds[name], self._at = round(now - self._at, 3), now


def _offline(job: Job, folder: Path, events: pa.Table, asked: Asked) -> Values:
    import pyarrow.parquet as pq

    path = folder / "events.parquet"
    pq.write_table(events, path)
    source = replace(job.source, pattern=str(path), root="")
    definitions = [field.definition for spec in job.specs for field in spec.fields]
    return windowed_at(source, definitions, asked, as_known=True).values


def _oracle(table: pa.Table, asked: Asked, tags: Sequence[Tags]) -> Values:
    wanted: dict[str, list[int]] = {}
    for row, user in enumerate(asked.users):
        wanted.setdefault(user, []).append(row)
    values = np.full((len(asked), len(tags)), np.nan)
    for user, columns in columns_by_user(table, wanted):
        oracle = UserOracle(columns)
        for row in wanted[user]:
            found = oracle.values(tags, int(asked.t_us[row]))
            values[row] = [np.nan if value is None else value for value in found]
    return values


def columns_by_user(table: pa.Table, users: Iterable[str]) -> Iterator[tuple[str, Columns]]:
    """Each user's events as Python columns; a user without events is left out."""
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.array(list(users), pa.string())
    table = table.filter(pc.is_in(table.column("user_id"), value_set=wanted)).sort_by("user_id")
    held = np.array(table.column("user_id").to_pylist(), dtype=object)
    columns = {name: table.column(name).to_pylist() for name in table.column_names if name not in TIMES.values()}
    columns |= {name: table.column(column).cast("int64").to_pylist() for name, column in TIMES.items()}
    for user in wanted.to_pylist():
        low, high = np.searchsorted(held, user, "left"), np.searchsorted(held, user, "right")
        if high > low:
            yield user, {name: values[low:high] for name, values in columns.items()}
