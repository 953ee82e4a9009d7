"""The online side: each user's events folded in the order they were recorded, read whenever a pair asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from feature_repo.offline.frame import Asked
from strata.features.events import EventBatch
from strata.features.fold import fold_batch
from strata.features.layout import Layout
from strata.features.reader import Reader
from strata.state.ports import State

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Visit:
    """One pair's turn: the events its user's row still lacks, and where the answer goes."""

    user: str
    news: EventBatch
    t_us: int
    row: int


def plan_visits(events: EventBatch, asked: Asked) -> list[list[Visit]]:
    """Rounds of visits, each user at most once in a round, in the order of their instants.

    Users do not share state, so replaying them side by side gives what one replay of everything would.
    """
    wanted: dict[str, list[int]] = {}
    for row in np.argsort(asked.t_us, kind="stable").tolist():
        wanted.setdefault(asked.users[row], []).append(row)
    parts = dict(events.by_user()) if len(events) else {}
    nothing = events.take(np.array([], dtype=np.intp))
    rounds: list[list[Visit]] = []
    for user, rows in wanted.items():
        history = parts.get(user, nothing)
        history = history.take(np.argsort(history.recorded_us, kind="stable"))
        done = 0
        for turn, row in enumerate(rows):
            t_us = int(asked.t_us[row])
            upto = int(np.searchsorted(history.recorded_us, t_us, side="right"))
            if turn == len(rounds):
                rounds.append([])
            rounds[turn].append(Visit(user, history.take(np.arange(done, upto)), t_us, row))
            done = max(done, upto)
    return rounds


def replay(
    state: State,
    layouts: Sequence[Layout],
    reader: Reader,
    rounds: Sequence[Sequence[Visit]],
    count: int,
) -> NDArray[np.float64]:
    """float64 [count, the reader's columns]: what the online state says at each visit's instant."""
    values = np.full((count, len(reader.columns)), np.nan)
    for visits in rounds:
        by_user = {visit.user: visit for visit in visits}
        for layout in layouts:
            state.update(layout.table, list(by_user), _folding(layout, by_user))
        stored = state.read_views(reader.tables, [visit.user for visit in visits])
        for at, visit in enumerate(visits):
            values[visit.row] = reader.one([rows[at] for rows in stored], visit.t_us).values
    return values


def _folding(layout: Layout, by_user: dict[str, Visit]) -> Callable[[str, bytes | None], bytes | None]:
    def change(user: str, row: bytes | None) -> bytes | None:
        news = by_user[user].news
        return fold_batch(layout, [row], news, np.zeros(len(news))).rows[0] if len(news) else None

    return change
