"""From bursts to figures: medians with their spread, and ratios taken round by round."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from loadtests.bench.h2load import Burst
from loadtests.bench.plan import BATCH_USERS


@dataclass(frozen=True)
class Figure:
    """The median of the rounds, with the smallest and the largest."""

    median: float
    least: float
    most: float


def figure(values: Sequence[float]) -> Figure:
    """Summarise one value per round.

    >>> figure([3.0, 1.0, 2.0])
    Figure(median=2.0, least=1.0, most=3.0)
    """
    return Figure(round(median(values), 4), round(min(values), 4), round(max(values), 4))


@dataclass(frozen=True)
class Row:
    """One cell of the bench: a system, a method, a number of callers; a figure per quantity."""

    name: str
    callers: int
    users_per_call: int
    calls_per_s: Figure
    users_per_s: Figure
    p50_ms: Figure
    p99_ms: Figure
    cpu_us_per_call: Figure
    cpu_us_per_user: Figure
    other_cpu_share: Figure
    calls: int
    bad_runs: int
    runs: int


def row(name: str, callers: int, users: int, rounds: Sequence[Burst]) -> Row:
    """One cell's figures over its rounds."""
    rates = [rate(one) for one in rounds]
    costs = [cpu_us(one) for one in rounds]
    return Row(
        name=name,
        callers=callers,
        users_per_call=users,
        calls_per_s=figure(rates),
        users_per_s=figure([calls * users for calls in rates]),
        p50_ms=figure([percentile(one.times_ms, 0.50) for one in rounds]),
        p99_ms=figure([percentile(one.times_ms, 0.99) for one in rounds]),
        cpu_us_per_call=figure(costs),
        cpu_us_per_user=figure([cost / users for cost in costs]),
        other_cpu_share=figure([one.other_cpu_share for one in rounds]),
        calls=round(sum(one.calls for one in rounds)),
        bad_runs=sum(one.bad for one in rounds),
        runs=sum(one.runs for one in rounds),
    )


def cpu_us(burst: Burst) -> float:
    """Server CPU per call, in microseconds."""
    return burst.server_cpu_s / max(burst.calls, 1e-9) * 1e6


def percentile(times: Sequence[float], share: float) -> float:
    """Nearest rank; 0 for no call.

    >>> percentile([4.0, 1.0, 2.0, 3.0], 0.5)
    2.0
    """
    ordered = sorted(times) or [0.0]
    return ordered[max(0, int(-(-(share * len(ordered) - 1e-9) // 1)) - 1)]


@dataclass(frozen=True)
class Ratio:
    """One claim: a quotient of two cells, or a figure of one, taken in each round, and the bound it is held to."""

    name: str
    value: Figure
    at_most: float | None = None
    at_least: float | None = None

    @property
    def kept(self) -> bool | None:
        """Whether the median keeps the bound; None without one."""
        if self.at_most is None and self.at_least is None:
            return None
        return (self.at_most is None or self.value.median <= self.at_most) and (
            self.at_least is None or self.value.median >= self.at_least
        )


Claim = tuple[str, str, str, dict[str, float]]
"""A ratio's name, the cell above, the cell below, and its bound."""

CPU_CLAIMS: tuple[Claim, ...] = (
    ("GetSegments embedded / echo, CPU per call", "embedded", "echo", {"at_most": 1.6}),
    ("GetSegments embedded on Redis / echo, CPU per call", "redis", "echo", {"at_most": 2.2}),
    ("GetSegments one remote / echo, CPU per call", "remote", "echo", {}),
    ("glued / GetSegments embedded, CPU per call", "glued", "embedded", {"at_least": 10.0}),
    ("glued / GetSegments embedded on Redis, CPU per call", "glued", "redis", {}),
    ("glued / GetSegments one remote, CPU per call", "glued", "remote", {}),
    ("glued / embedded, CPU per user of a batch", "glued batch", "embedded batch", {}),
    ("GetSegments traced, every call / not traced, CPU per call", "embedded traced, every call", "embedded", {}),
    ("GetSegments traced, 1 in 100 / not traced, CPU per call", "embedded traced, 1 in 100", "embedded", {}),
)
RATE_CLAIMS: tuple[Claim, ...] = (
    ("BatchGetSegments embedded / glued, users per second", "embedded batch", "glued batch", {"at_least": 20.0}),
    ("BatchGetSegments one remote / glued, users per second", "remote batch", "glued batch", {}),
    ("GetSegments embedded / glued, calls per second", "embedded", "glued", {}),
)
BATCH_CELL = "embedded batch"
BATCH_US = 12.0
"""Of server CPU a user, while the load generator shares the machine's two cores."""


def ratios(rounds: Mapping[str, Sequence[Burst]]) -> list[Ratio]:
    """The claims whose cells were measured, `rounds` by cell name."""
    return [*quotients(CPU_CLAIMS, cpu_us, rounds), *_batch_cost(rounds), *quotients(RATE_CLAIMS, rate, rounds)]


def _batch_cost(rounds: Mapping[str, Sequence[Burst]]) -> list[Ratio]:
    if BATCH_CELL not in rounds:
        return []
    costs = figure([cpu_us(one) / BATCH_USERS for one in rounds[BATCH_CELL]])
    return [Ratio(f"BatchGetSegments({BATCH_USERS}) embedded, server CPU us a user", costs, at_most=BATCH_US)]


def quotients(
    claims: Sequence[Claim], quantity: Callable[[Burst], float], rounds: Mapping[str, Sequence[Burst]]
) -> list[Ratio]:
    """The claims whose cells were measured, each taken round by round."""
    found = []
    for name, above, below, bound in claims:
        if above in rounds and below in rounds:
            pairs = zip(rounds[above], rounds[below], strict=True)
            found.append(Ratio(name, figure([quantity(a) / max(quantity(b), 1e-9) for a, b in pairs]), **bound))
    return found


def rate(burst: Burst) -> float:
    """Calls per second."""
    return burst.calls / burst.seconds
