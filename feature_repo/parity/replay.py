"""The online side: a log folded into a real state, read whenever a pair asks, now and then started again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from feature_repo.offline.frame import Asked
from strata.features.events import EventBatch
from strata.features.fold import Verdict, fold_users
from strata.features.layout import Layout
from strata.features.packed import pack_event
from strata.features.reader import Reader
from strata.features.user_state import SEEN_SLACK_US
from strata.state import LmdbState, open_state
from strata.state.ports import Rows

Ints = NDArray[np.int64]
BACK: Final = 200
"""A replay begins up to so many of a user's records before the position."""


@dataclass
class UserLog:
    """One user's records in the order of the log."""

    records: list[bytes]
    offsets: Ints
    recorded_us: Ints
    once: NDArray[np.bool_]
    """Whose event id comes once."""
    done: int = 0
    accepted: list[bool] = field(default_factory=list)
    """Of each record folded so far."""


@dataclass
class Replayed:
    """`values` float64 [pairs, features]."""

    values: NDArray[np.float64]
    verdicts: Counter[str]
    """Of each record when it was folded first."""
    replays: int = 0
    replays_wrong: int = 0
    """Records of which a replay did not tell whether they had been accepted."""


def log_of(events: EventBatch) -> dict[str, UserLog]:
    """The log that holds a batch in its order, user by user."""
    logs: dict[str, UserLog] = {}
    if not len(events):
        return logs
    for code in np.unique(events.users.codes).tolist():
        at = np.flatnonzero(events.users.codes == code)
        own = events.take(at)
        _, place, times = np.unique(own.event_id.codes, return_inverse=True, return_counts=True)
        records = [pack_event(event) for event in own.packed()]
        logs[events.users.words[code]] = UserLog(records, at, own.recorded_us, times[place] == 1)
    return logs


class Replay:
    """Folds and reads one log in rounds, each user at most once in a round, in the order of the pairs' instants.

    Users do not share state, so replaying them side by side gives what one replay of everything would.
    """

    def __init__(self, folder: Path, layouts: Sequence[Layout], reader: Reader, logs: Mapping[str, UserLog]) -> None:
        self._folder, self._layouts, self._reader, self._logs = folder, layouts, reader, logs
        self._state: LmdbState = open_state(folder)

    def run(self, asked: Asked, restarts: int, random: np.random.Generator) -> Replayed:
        """What the state says at each pair's instant, having folded everything recorded by then."""
        found = Replayed(np.full((len(asked), len(self._reader.columns)), np.nan), Counter())
        rounds = _rounds(asked)
        again = set(random.integers(0, len(rounds), restarts).tolist()) if rounds else set()
        for turn, rows in enumerate(rounds):
            if turn in again:
                self._state.close()
                self._state = open_state(self._folder)
            back = int(random.integers(1, BACK)) if turn in again else 0
            self._fold(asked, rows, back, found)
            self._read(asked, rows, found)
        return found

    def close(self) -> None:
        """Let go of the state."""
        self._state.close()

    def _fold(self, asked: Asked, rows: Sequence[int], back: int, found: Replayed) -> None:
        users: list[str] = []
        data: list[bytes] = []
        index: list[int] = []
        offsets: list[Ints] = []
        spans: list[tuple[UserLog, int, int]] = []
        for row in rows:
            log = self._logs.get(asked.users[row])
            if log is None:
                continue
            upto = int(np.searchsorted(log.recorded_us, asked.t_us[row], side="right"))
            first = max(0, log.done - back)
            if upto > first:
                spans.append((log, first, upto))
                data += log.records[first:upto]
                index += [len(users)] * (upto - first)
                offsets.append(log.offsets[first:upto])
                users.append(asked.users[row])
        if not users:
            return
        verdicts: list[list[int]] = []
        for layout in self._layouts:

            def change(held: Rows, layout: Layout = layout) -> Rows:
                folded = fold_users(layout, held, data, index, np.concatenate(offsets))
                verdicts.append(folded.verdicts.tolist())
                return [None if new == old else new for new, old in zip(folded.rows, held, strict=True)]

            self._state.transform(layout.table, users, change)
        at = 0
        for log, first, upto in spans:
            _note(log, first, verdicts[-1][at : at + upto - first], found)
            at += upto - first

    def _read(self, asked: Asked, rows: Sequence[int], found: Replayed) -> None:
        users = [asked.users[row] for row in rows]
        stored = self._state.read_views(self._reader.tables, users)
        for at, row in enumerate(rows):
            t_us = int(asked.t_us[row])
            if row % 2:
                found.values[row] = self._reader.one([held[at] for held in stored], t_us).values
            else:
                found.values[row] = self._reader.many([[held[at]] for held in stored], t_us).values[0]


def _note(log: UserLog, first: int, verdicts: Sequence[int], found: Replayed) -> None:
    """Count first verdicts, and check those of records that were folded before."""
    edge = log.recorded_us[log.done - 1] - SEEN_SLACK_US if log.done else 0
    rowless = True not in log.accepted  # nothing is kept of a user who only sent what was refused
    for at, verdict in enumerate(verdicts, first):
        if at >= log.done:
            found.verdicts[Verdict(verdict).name.lower()] += 1
            log.accepted.append(verdict == Verdict.ACCEPTED)
            continue
        found.replays += 1
        if rowless and verdict != Verdict.ACCEPTED:
            continue  # refused again
        told = Verdict.REPLAYED if log.accepted[at] else Verdict.REPLAYED_REFUSED
        remembered = log.once[at] and log.recorded_us[at] >= edge
        if verdict not in {Verdict.REPLAYED, Verdict.REPLAYED_REFUSED} or (remembered and verdict != told):
            found.replays_wrong += 1
    log.done = max(log.done, first + len(verdicts))


def _rounds(asked: Asked) -> list[list[int]]:
    turns: dict[str, int] = {}
    rounds: list[list[int]] = []
    for row in np.argsort(asked.t_us, kind="stable").tolist():
        turn = turns.get(asked.users[row], 0)
        if turn == len(rounds):
            rounds.append([])
        rounds[turn].append(row)
        turns[asked.users[row]] = turn + 1
    return rounds
