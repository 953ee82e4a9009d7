"""A history as it might have come in: out of order, late, too late, twice. The same seed gives the same one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from strata.features.plan import LATENESS_US

if TYPE_CHECKING:
    import pyarrow as pa

Ints = NDArray[np.int64]
_MINUTE_US: Final = 60_000_000
_HOUR_US: Final = 60 * _MINUTE_US
_DAY_US: Final = 24 * _HOUR_US


@dataclass(frozen=True)
class Perturbation:
    """Shares of the events, 0 to 1, and how often the replay starts again."""

    shuffle: bool = False
    """Every event is recorded later than it happened: most within a minute, some within a day, some within H."""
    duplicates: float = 0.0
    """Sent again: the very event, or its id with another time."""
    late: float = 0.0
    """Recorded between a day and H after they happened."""
    too_late: float = 0.0
    """Recorded beyond H: they count nowhere."""
    restarts: int = 0
    """How often the state is closed, opened, and the log replayed from an earlier position."""


def perturbed(events: pa.Table, how: Perturbation, random: np.random.Generator) -> pa.Table:
    """The events of contract 1's columns in the order they came in."""
    ts, rec = (_us(events, name) for name in ("event_time", "recorded_at"))
    draw, count = random.random(len(ts)), len(ts)
    if how.shuffle:
        rec = ts + _delays(random, count)
    late = draw < how.late
    rec[late] = ts[late] + random.integers(_DAY_US, LATENESS_US + 1, int(late.sum()))
    lost = (draw >= how.late) & (draw < how.late + how.too_late)
    rec[lost] = ts[lost] + LATENESS_US + random.integers(1, 30 * _DAY_US, int(lost.sum()))
    again = np.flatnonzero(random.random(count) < how.duplicates)
    at, recorded = _again(random, ts[again], rec[again])
    every = np.concatenate([np.arange(count), again])
    return _in_order(events.take(every), np.concatenate([ts, at]), np.concatenate([rec, recorded]))


def _delays(random: np.random.Generator, count: int) -> Ints:
    draw = random.random(count)
    limit = np.where(draw < 0.6, _MINUTE_US, np.where(draw < 0.9, _DAY_US, LATENESS_US))
    return (random.random(count) * limit).astype(np.int64)


def _again(random: np.random.Generator, ts: Ints, rec: Ints) -> tuple[Ints, Ints]:
    """Half come again within the hour, the others within ten days; one in ten with a time of its own."""
    wait = np.where(random.random(len(ts)) < 0.5, _HOUR_US, 10 * _DAY_US)
    recorded = rec + (random.random(len(ts)) * wait).astype(np.int64)
    own = random.random(len(ts)) < 0.1
    moved = np.minimum(recorded, ts + (random.random(len(ts)) * 10 * _DAY_US).astype(np.int64))
    return np.where(own, moved, ts), recorded


def _in_order(events: pa.Table, ts: Ints, rec: Ints) -> pa.Table:
    import pyarrow as pa

    for name, times in (("event_time", ts), ("recorded_at", rec)):
        place = events.schema.get_field_index(name)
        field = events.schema.field(name)
        events = events.set_column(place, field, pa.array(times, pa.int64()).cast(field.type))
    return events.sort_by([("recorded_at", "ascending"), ("event_id", "ascending"), ("event_time", "ascending")])


def _us(events: pa.Table, name: str) -> Ints:
    return np.array(events.column(name).cast("int64").to_numpy(), dtype=np.int64)
