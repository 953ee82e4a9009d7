"""Which sizes a run has, and how long it measures what."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

from loadtests.bench.plan import BATCH_USERS
from loadtests.many_users.names import MOST_USERS
from strata.errors import InputInvalid

SIZES: Final = (1_000, 10_000, 100_000, 1_000_000, 10_000_000)
QUICK_MOST: Final = 100_000
REDIS_MOST: Final = 1_000_000
"""Ten million of the demonstration's rows would take 40 GB of memory."""


class ReadKind(NamedTuple):
    """How users are drawn (see `draw`), and how many a read asks for."""

    pattern: str
    users: int


READS: Final = (
    ReadKind("uniform", BATCH_USERS),
    ReadKind("zipf", BATCH_USERS),
    ReadKind("uniform", 1),
    ReadKind("zipf", 1),
)


@dataclass(frozen=True)
class Plan:
    """Every round measures every size once with each kind of read, then calls each gateway once."""

    sizes: tuple[int, ...]
    rounds: int
    read_s: float
    call_s: float
    checked: int = 200
    """Users asked about through a real stub before the rounds."""

    def sizes_of(self, store: str) -> tuple[int, ...]:
        """The sizes a store is built in."""
        return tuple(size for size in self.sizes if store != "redis" or size <= REDIS_MOST)


def make_plan(sizes: str, *, quick: bool) -> Plan:
    """The plan asked for. Raises InputInvalid for sizes that are none.

    >>> make_plan("", quick=True).sizes
    (1000, 10000, 100000)
    >>> make_plan("1_000_000,500", quick=False).sizes
    (500, 1000000)
    """
    chosen = parse_sizes(sizes) if sizes else tuple(size for size in SIZES if not quick or size <= QUICK_MOST)
    return Plan(chosen, 3, 0.3, 0.5) if quick else Plan(chosen, 5, 0.6, 1.0)


def parse_sizes(words: str) -> tuple[int, ...]:
    """Numbers of users, ascending, each once. Raises InputInvalid.

    >>> parse_sizes("2000,1000,2000")
    (1000, 2000)
    """
    try:
        sizes = {int(word) for word in words.split(",")}
    except ValueError:
        sizes = {0}
    if not all(1 <= size <= MOST_USERS for size in sizes):
        raise InputInvalid(f"--sizes {words!r} should be numbers from 1 to {MOST_USERS:,} with commas: 1000,10000")
    return tuple(sorted(sizes))
