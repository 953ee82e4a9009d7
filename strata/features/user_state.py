"""One user's state in memory, in plain Python: what a row says. The reference for the C kernel, and its stand-in.

Everything in it is independent of the order of events and of how they were batched.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from strata.features.functions.partials import PartialKind
from strata.features.layout import EXTREMES, NEWEST, SUMS, Layout
from strata.features.recent import RecentEvent
from strata.features.sessions import Sessions, add_session, drop_before, pause_of

NEVER = -(2**63)
"""Stands for no time, and no value."""
NO_POSITION = -1
"""The log position of a row no log was applied to."""
SEEN_SLACK_US = 86_400_000_000
"""Ids are remembered this much longer than a repeat could need them, so that a replay that reaches back up to a day of
recorded time still knows what it had accepted. The history is seconds behind the fold; a replay clock may run fast."""


@dataclass
class UserState:
    """By place in the layout: sums and extremes are tile to number, newest (time, value), ids hash to last tile."""

    sums: dict[int, dict[int, int]]
    extremes: dict[int, dict[int, int]]
    newest: dict[int, tuple[int, int]]
    ids: dict[int, dict[int, int]]
    sessions: dict[int, Sessions]
    recent: dict[int, list[RecentEvent]]
    seen: dict[int, tuple[int, int]] = field(default_factory=dict)
    """Hash of an event id to (event time, log offset)."""
    newest_us: int = NEVER
    watermark_us: int = NEVER
    log_position: int = NO_POSITION
    quota_block: int = 0
    quota_count: int = 0

    @classmethod
    def empty(cls, layout: Layout) -> UserState:
        """Nothing folded yet."""
        return cls(
            sums={i: {} for i, _ in layout.of(*SUMS)},
            extremes={i: {} for i, _ in layout.of(*EXTREMES)},
            newest={i: (NEVER, NEVER) for i, _ in layout.of(*NEWEST)},
            ids={i: {} for i, _ in layout.of(PartialKind.IDS)},
            sessions={i: {} for i, _ in layout.of(PartialKind.SESSIONS)},
            recent={i: [] for i, _ in layout.of(PartialKind.RECENT)},
        )

    def tiles(self) -> list[int]:
        """Every tile something is kept of, ascending."""
        found: set[int] = set()
        for column in (*self.sums.values(), *self.extremes.values()):
            found.update(column)
        for last in self.ids.values():
            found.update(last.values())
        return sorted(found)

    def trim(self, layout: Layout) -> None:
        """Drop the tiles no window can reach again, and the ids no repeat can have."""
        if self.newest_us != NEVER:
            oldest = (self.newest_us - layout.horizon_us) // layout.hop_us
            for columns in (self.sums, self.extremes):
                for i, column in columns.items():
                    columns[i] = {tile: number for tile, number in column.items() if tile >= oldest}
            for i, last in self.ids.items():
                self.ids[i] = {id_: tile for id_, tile in last.items() if tile >= oldest}
            for i, held in self.recent.items():
                self.recent[i] = [event for event in held if event[0] // layout.hop_us >= oldest]
            # An event still to come may join what it touches, so a session is kept until none can.
            for i, sessions in self.sessions.items():
                reach_us = layout.lateness_us + SEEN_SLACK_US + pause_of(layout.partials[i].of)
                self.sessions[i] = drop_before(sessions, oldest * layout.hop_us - reach_us)
        self.forget(layout)

    def forget(self, layout: Layout) -> None:
        """Drop the ids no repeat can have."""
        edge = self.watermark_us - layout.lateness_us - SEEN_SLACK_US
        self.seen = {id_: entry for id_, entry in self.seen.items() if entry[0] >= edge}

    def merge(self, layout: Layout, other: UserState) -> None:
        """Take the tiles, ids, extremes and newest values of another in; seen ids, quota and position stay."""
        for i, column in other.sums.items():
            mine = self.sums[i]
            for tile, number in column.items():
                add(mine, tile, number)
        for i, column in other.extremes.items():
            pick = min if layout.partials[i].kind is PartialKind.LEAST else max
            mine = self.extremes[i]
            for tile, number in column.items():
                mine[tile] = pick(mine.get(tile, number), number)
        for i, pair in other.newest.items():
            self.newest[i] = max(self.newest[i], pair)
        for i, last in other.ids.items():
            for id_, tile in last.items():
                self.ids[i][id_] = max(tile, self.ids[i].get(id_, tile))
        for i, events in other.recent.items():
            keep = int(layout.partials[i].of)
            self.recent[i] = sorted(self.recent[i] + events, reverse=True)[:keep]
        for i, sessions in other.sessions.items():
            for key, held in sessions.items():
                for session in held:
                    add_session(self.sessions[i], key, pause_of(layout.partials[i].of), session)
        self.newest_us = max(self.newest_us, other.newest_us)
        self.watermark_us = max(self.watermark_us, other.watermark_us)


def add(column: dict[int, int], tile: int, number: int) -> None:
    """Add to a tile; a sum of 0 is not kept, so that equal states are equal bytes."""
    total = column.get(tile, 0) + number
    if total:
        column[tile] = total
    else:
        column.pop(tile, None)
