"""Features read in a process of one's own: by us from LMDB and Redis, by stock Feast from Redis."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from loadtests.bench.readers import ReaderProcess, Sample
from loadtests.bench.summary import Figure, Ratio, figure
from strata.errors import StrataError

SIZES = (500, 1)
"""Users a read."""
CLOSE = 0.01
"""How far a value may be off: our windows move on with the clock, Feast serves what it was loaded with."""
AGREEING = 0.99


@dataclass(frozen=True)
class ReadRow:
    """One reader at one size."""

    name: str
    users_per_read: int
    wall_us_per_user: Figure
    client_cpu_us_per_user: Figure


def require_same_values(readers: Sequence[ReaderProcess], users: Sequence[str]) -> None:
    """Raises StrataError unless all readers give nearly the first one's values."""
    shown = {reader.name: reader.ask({"show": list(users)})["rows"] for reader in readers}
    first, *others = shown
    for name in others:
        pairs = [
            _close(mine, theirs)
            for mine_row, their_row in zip(shown[first], shown[name], strict=True)
            for mine, theirs in zip(mine_row, their_row, strict=True)
        ]
        if sum(pairs) < AGREEING * len(pairs):
            raise StrataError(
                f"{name} reads other features than {first} ({1 - sum(pairs) / len(pairs):.1%} of the values); "
                "costs of different values are not comparable"
            )


def measure_reads(
    readers: Sequence[ReaderProcess], rounds: int, seconds: float, tick: Callable[[str], None]
) -> dict[tuple[str, int], list[Sample]]:
    """Samples by reader and size, one per round, after an unmeasured one."""
    found: dict[tuple[str, int], list[Sample]] = {(one.name, size): [] for size in SIZES for one in readers}
    for number in range(rounds + 1):
        tick(f"reading features, round {number}" if number else "warming the readers")
        for size in SIZES:
            for one in readers:
                taken = one.sample(size, seconds)
                if number:
                    found[one.name, size].append(taken)
    return found


def read_rows(samples: Mapping[tuple[str, int], Sequence[Sample]]) -> list[ReadRow]:
    """Figures per reader and size."""
    return [
        ReadRow(name, size, figure([wall for wall, _ in taken]), figure([cpu for _, cpu in taken]))
        for (name, size), taken in samples.items()
    ]


CLAIMS: tuple[tuple[str, str, int, int, float], ...] = (
    ("features of 500, stock Feast / ours on LMDB, wall", "lmdb", 500, 0, 50.0),
    ("features of 500, stock Feast / ours on Redis, wall", "redis", 500, 0, 5.0),
    ("features of 500, stock Feast / ours on Redis, client CPU", "redis", 500, 1, 15.0),
    ("features of 1, stock Feast / ours on LMDB, wall", "lmdb", 1, 0, 0.0),
    ("features of 1, stock Feast / ours on Redis, wall", "redis", 1, 0, 0.0),
)
LIMITS: tuple[tuple[str, float], ...] = (("lmdb", 12.0), ("redis", 20.0))
"""Microseconds of wall time a user, in batches of 500."""


def read_ratios(samples: Mapping[tuple[str, int], Sequence[Sample]]) -> list[Ratio]:
    """What reads are held to; those that were not measured are left out."""
    found = []
    for name, limit in LIMITS:
        if (name, 500) in samples:
            walls = figure([wall for wall, _ in samples[name, 500]])
            found.append(Ratio(f"features of 500 from {name}, us a user", walls, at_most=limit))
    for name, ours, size, quantity, least in CLAIMS:
        if ("feast", size) in samples and (ours, size) in samples:
            pairs = zip(samples["feast", size], samples[ours, size], strict=True)
            values = figure([theirs[quantity] / mine[quantity] for theirs, mine in pairs])
            found.append(Ratio(name, values, at_least=least or None))
    return found


def _close(mine: float | None, theirs: float | None) -> bool:
    if mine is None or theirs is None:
        return mine is theirs
    return math.isclose(mine, theirs, rel_tol=CLOSE, abs_tol=CLOSE)
