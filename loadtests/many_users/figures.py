"""From rounds to figures, by store and size; and how much more the largest size costs than the smallest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from loadtests.bench.summary import Figure, Ratio, figure, percentile
from loadtests.many_users.measure import Calls, Found, Subject
from loadtests.many_users.plan import READS, ReadKind
from loadtests.many_users.stores import Store


@dataclass(frozen=True)
class StoreRow:
    """One store."""

    store: str
    users: int
    rows: int
    written_s: float
    bytes: int
    """On disk, or of Redis's memory."""
    bytes_per_user: float
    in_memory_before: int
    in_memory_after: int
    """Bytes: of the file in the page cache, before the rounds and after; of Redis, resident."""
    live_share: float


@dataclass(frozen=True)
class ReadRow:
    """One kind of read on one store."""

    store: str
    users: int
    pattern: str
    users_per_read: int
    wall_us_per_user: Figure
    cpu_us_per_user: Figure
    p50_us: Figure
    p99_us: Figure
    """Of one read."""
    major_faults_per_user: Figure


@dataclass(frozen=True)
class CallRow:
    """Single GetSegments calls over one store, one at a time."""

    store: str
    users: int
    calls: int
    failed: int
    p50_ms: Figure
    p99_ms: Figure
    server_cpu_us: Figure


def store_row(subject: Subject) -> StoreRow:
    """What a store takes. Asks it."""
    store = subject.store
    taken_bytes = store.taken_bytes()
    return StoreRow(
        store.kind,
        store.users,
        store.rows,
        round(store.written_s, 2),
        taken_bytes,
        round(taken_bytes / store.users, 1),
        subject.cached_before,
        subject.cached_after,
        subject.live_share,
    )


def read_rows(subjects: Sequence[Subject]) -> list[ReadRow]:
    """One per kind of read and store."""
    return [_read_row(subject.store, kind, subject.reads[kind]) for kind in READS for subject in subjects]


def _read_row(store: Store, kind: ReadKind, found: Sequence[Found]) -> ReadRow:
    return ReadRow(
        store.kind,
        store.users,
        kind.pattern,
        kind.users,
        figure([_per_user(each, kind, "wall_s") * 1e6 for each in found]),
        figure([_per_user(each, kind, "cpu_s") * 1e6 for each in found]),
        figure([each["p50_us"] for each in found]),
        figure([each["p99_us"] for each in found]),
        figure([_per_user(each, kind, "major_faults") for each in found]),
    )


def _per_user(found: Found, kind: ReadKind, quantity: str) -> float:
    return found[quantity] / (found["reads"] * kind.users)


def call_row(subject: Subject) -> CallRow:
    """What calls took."""
    found = subject.calls
    return CallRow(
        subject.store.kind,
        subject.store.users,
        sum(len(each.times_s) for each in found),
        sum(each.failed for each in found),
        figure([percentile(each.times_s, 0.50) * 1e3 for each in found]),
        figure([percentile(each.times_s, 0.99) * 1e3 for each in found]),
        figure([_cpu_us(each) for each in found]),
    )


def growth(subjects: Sequence[Subject]) -> list[Ratio]:
    """The largest size over the smallest, round by round; empty for one size."""
    ordered = sorted(subjects, key=lambda one: one.store.users)
    if len(ordered) < 2:
        return []
    least, most = ordered[0], ordered[-1]
    name = f"{most.store.kind}, {most.store.users:,} users / {least.store.users:,} users"
    reads = [
        _ratio(
            f"{name}: {kind.pattern} reads of {kind.users}, {what} per user",
            [_per_user(each, kind, quantity) for each in most.reads[kind]],
            [_per_user(each, kind, quantity) for each in least.reads[kind]],
        )
        for kind in READS
        for what, quantity in (("wall", "wall_s"), ("CPU", "cpu_s"))
    ]
    p50s = [[percentile(each.times_s, 0.5) for each in one.calls] for one in (most, least)]
    costs = [[_cpu_us(each) for each in one.calls] for one in (most, least)]
    return [
        *reads,
        _ratio(f"{name}: GetSegments, p50", *p50s),
        _ratio(f"{name}: GetSegments, server CPU per call", *costs),
    ]


def _ratio(name: str, above: Sequence[float], below: Sequence[float]) -> Ratio:
    return Ratio(name, figure([a / max(b, 1e-12) for a, b in zip(above, below, strict=True)]))


def _cpu_us(calls: Calls) -> float:
    return calls.server_cpu_s / max(len(calls.times_s), 1) * 1e6
