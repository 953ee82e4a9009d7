"""Which (user, t) pairs to compare: mostly where a mistake would show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from feature_repo.offline.frame import Asked
from strata.errors import InputInvalid

if TYPE_CHECKING:
    import pyarrow as pa

Ints = NDArray[np.int64]
Window = tuple[int, int]
"""(window_us, hop_us)."""

# Shares of the pairs, out of 100. The rest is uniform over the history and 30 days beyond it.
AT_EVENTS: Final = 20
AT_RECORDED: Final = 10
AT_WINDOW_EDGES: Final = 25
AT_TILE_EDGES: Final = 15
UNKNOWN_USERS: Final = 1
_BEYOND_US: Final = 30 * 86_400_000_000
UNKNOWN: Final = "nobody-of-this-name"


@dataclass(frozen=True)
class Timeline:
    """Every event's user and times, in user order."""

    users: NDArray[np.object_]
    """The distinct users, in byte order."""
    user: Ints
    """Per event, a position in `users`."""
    event_us: Ints
    recorded_us: Ints


def timeline_of(events: pa.Table) -> Timeline:
    """Of contract 1's columns. Raises InputInvalid when there are no events."""
    if not events.num_rows:
        raise InputInvalid("there are no events to compare features over; run: strata events import-demo")
    table = events.select(["user_id", "event_time", "recorded_at"]).sort_by(
        [("user_id", "ascending"), ("event_time", "ascending"), ("recorded_at", "ascending")]
    )
    coded = table.column(0).combine_chunks().dictionary_encode()
    users = np.array(coded.dictionary.to_pylist(), dtype=object)
    event_us, recorded_us = (table.column(i).cast("int64").to_numpy() for i in (1, 2))
    return Timeline(users, coded.indices.to_numpy().astype(np.int64), event_us, recorded_us)


def sample_pairs(timeline: Timeline, windows: Sequence[Window], count: int, seed: int) -> Asked:
    """`count` pairs; the same seed over the same history gives the same ones.

    A user is drawn first, then an instant: at one of the user's events, when one was recorded, when one leaves a
    window, at the edge of one's tile (each of these exactly, or 1 us to either side), or anywhere.
    """
    random = np.random.default_rng(seed)
    starts = np.searchsorted(timeline.user, np.arange(len(timeline.users) + 1))
    who = random.integers(0, len(timeline.users), count)
    event = starts[who] + (random.random(count) * (starts[who + 1] - starts[who])).astype(np.int64)
    event_us, recorded_us = timeline.event_us[event], timeline.recorded_us[event]
    window = np.array(windows)[random.integers(0, len(windows), count)]
    length_us, hop_us = window[:, 0], window[:, 1]
    tile_us = event_us // hop_us * hop_us
    nudge = random.integers(-1, 2, count)
    leaves_us = tile_us + hop_us + length_us
    first, last = int(timeline.event_us.min()), int(timeline.event_us.max()) + _BEYOND_US
    kinds = [
        (AT_EVENTS, event_us + nudge),
        (AT_RECORDED, recorded_us + nudge),
        (AT_WINDOW_EDGES, leaves_us + nudge),
        (AT_TILE_EDGES, tile_us + hop_us * random.integers(0, 2, count) + nudge),
    ]
    draw = random.random(count) * 100
    t_us = random.integers(first, last, count)
    below = 0
    for share, instants in kinds:
        t_us = np.where((draw >= below) & (draw < below + share), instants, t_us)
        below += share
    users = timeline.users[who]
    users[draw >= 100 - UNKNOWN_USERS] = UNKNOWN
    return Asked(users, np.minimum(t_us, last))
