"""The online side: each user's events folded in the order they were recorded, read whenever a pair asks."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from feature_repo.offline.frame import Asked
from strata.features.evaluate import evaluate
from strata.features.events import EventBatch
from strata.features.fold import fold
from strata.features.plan import Plan
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
    plans: Sequence[Plan],
    rounds: Sequence[Sequence[Visit]],
    count: int,
) -> NDArray[np.float64]:
    """float64 [count, features of all plans]: what the online state says at each visit's instant."""
    values = np.full((count, sum(plan.width for plan in plans)), np.nan)
    for visits in rounds:
        by_user = {visit.user: visit for visit in visits}
        at = 0
        for plan in plans:
            state.update(plan.spec.name, list(by_user), _folding(plan, by_user))
            rows = state.read(plan.spec.name, [visit.user for visit in visits])
            for visit, row in zip(visits, rows, strict=True):
                values[visit.row, at : at + plan.width] = evaluate(plan, [row], visit.t_us).values[0]
            at += plan.width
    return values


def _folding(plan: Plan, by_user: dict[str, Visit]) -> Callable[[str, bytes | None], bytes | None]:
    def change(user: str, row: bytes | None) -> bytes | None:
        news = by_user[user].news
        return fold(plan, row, news).row if len(news) else None

    return change
