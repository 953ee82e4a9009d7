"""One run from start to end: LMDB in every size, then Redis; built, measured in rounds, removed."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Protocol

from loadtests.bench.scratch import make_scratch
from loadtests.bench.summary import Ratio
from loadtests.many_users.figures import CallRow, ReadRow, StoreRow, call_row, growth, read_rows, store_row
from loadtests.many_users.measure import Subject, measure, segmenter_features, start_subjects, steps
from loadtests.many_users.plan import Plan
from loadtests.many_users.population import Table, read_tables
from loadtests.many_users.space import lmdb_bytes, redis_bytes, require_disk, require_memory
from loadtests.many_users.stores import Place, Source, Store, build_store
from strata.settings import Settings

REDIS_MISSING: Final = "Redis: there is no redis-server; scripts/install_tools.sh redis-server"


class Progress(Protocol):
    """A bar: what is being done, and how much of it there is."""

    def begin(self, what: str, total: int) -> None:
        """Something new, of so many steps."""
        ...

    def advance(self, steps: int, what: str = "") -> None:
        """So much more of it, now at `what`."""
        ...


@dataclass
class Outcome:
    """Everything measured."""

    stores: list[StoreRow] = field(default_factory=list)
    reads: list[ReadRow] = field(default_factory=list)
    calls: list[CallRow] = field(default_factory=list)
    ratios: list[Ratio] = field(default_factory=list)
    not_measured: list[str] = field(default_factory=list)


def measure_users(
    settings: Settings,
    users: Sequence[str],
    plan: Plan,
    progress: Progress,
    *,
    redis: bool = True,
    folder: Path | None = None,
) -> Outcome:
    """Measure. Raises InputInvalid (no room, an empty home) before anything is written, and StrataError.

    The stores are removed however it ends, a SIGKILL apart: then the next bench of the home does it, or in a folder of
    the caller's choice, `strata-users-*`, the caller. Logs stay in the home until the next bench.
    """
    kinds = ["lmdb", *(["redis"] if redis else [])]
    outcome = Outcome()
    if redis and shutil.which("redis-server") is None:
        kinds.remove("redis")
        outcome.not_measured.append(REDIS_MISSING)
    source = Source(settings, read_tables(settings, users))
    features = segmenter_features(settings)
    logs = make_scratch(settings)
    with _room(folder or logs) as room:
        _require_room(kinds, plan, source.tables, room)
        for kind in kinds:
            with ExitStack() as stack:
                stores = _build(kind, plan, source, Place(room, logs, stack), progress)
                progress.begin(f"starting {len(stores)} gateways", steps(plan, len(stores)))
                subjects = start_subjects(stores, features, logs, stack)
                measure(subjects, plan, lambda what: progress.advance(1, what))
                _take(outcome, subjects)
            # The files of the one are not to compete with the other's for memory and disk.
            for left in room.iterdir():
                shutil.rmtree(left)
    return outcome


@contextmanager
def _room(folder: Path) -> Iterator[Path]:
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="strata-users-", dir=folder) as path:
        yield Path(path).resolve()


def _require_room(kinds: Sequence[str], plan: Plan, tables: Sequence[Table], folder: Path) -> None:
    require_disk(sum(lmdb_bytes(tables, size) for size in plan.sizes), folder)
    if "redis" in kinds:
        require_memory(sum(redis_bytes(tables, size) for size in plan.sizes_of("redis")))


def _build(kind: str, plan: Plan, source: Source, place: Place, progress: Progress) -> list[Store]:
    stores = []
    for size in plan.sizes_of(kind):
        progress.begin(f"writing {size:,} users to {kind}", source.rows(size))
        stores.append(build_store(kind, size, source, place, progress.advance))
    return stores


def _take(outcome: Outcome, subjects: Sequence[Subject]) -> None:
    outcome.stores += [store_row(one) for one in subjects]
    outcome.reads += read_rows(subjects)
    outcome.calls += [call_row(one) for one in subjects]
    outcome.ratios += growth(subjects)
