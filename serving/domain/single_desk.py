"""The desk for one user: what is ordinary in plain numbers, everything else by the desk for many."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Sequence

from serving.domain.assignments import Answer, LiveAnswer, LiveAssignment
from serving.domain.deadline import Deadline
from serving.domain.desk import SegmentationDesk
from serving.domain.features import StoredUser, UserRow
from serving.domain.last_known import LastKnown
from serving.domain.waits import waiting
from serving.ports import AnswerMeter, FeatureSource, PredictionLog, SingleAnswers
from strata.clock import Clock
from strata.errors import SegmenterUnavailable, StoreUnavailable


class SingleDesk:
    """Answers for one user. Ordinary is a known user, by segmenters that run in this process: the kernel makes such an
    answer in one step, or, where it cannot, plain numbers do in a few.

    Arrays of one, and what the ladder needs, cost such a call more than its features and its models together.
    """

    def __init__(
        self,
        desk: SegmentationDesk,
        *,
        features: FeatureSource,
        last_known: LastKnown,
        predictions: PredictionLog,
        meter: AnswerMeter,
        clock: Clock,
        quick: SingleAnswers | None = None,
    ) -> None:
        """`desk` answers what is not ordinary, from the features already read; `quick` in one step what it can."""
        self._desk, self._features, self._last_known = desk, features, last_known
        self._predictions, self._meter, self._clock = predictions, meter, clock
        self._quick = quick
        self._waiting = frozenset(key for key, each in desk.segmenters.items() if each.waits)

    def answer(
        self, user: str, keys: tuple[str, ...], deadline: Deadline
    ) -> LiveAnswer | Awaitable[LiveAnswer | Answer]:
        """One assignment per key; all features are evaluated at one instant.

        At once where nothing has to be waited for: two coroutines a call would cost more than the reply's bytes.
        """
        at_us = self._clock.now_us()
        try:
            found = self._features.find_user(keys, user)
        except StoreUnavailable:
            return self._desk.answer_rows([user], keys, None, at_us, deadline)
        if not isinstance(found, StoredUser):
            return self._answer_later(user, keys, found, at_us, deadline)
        answer = self._answer_quickly(found, at_us)
        return self._answer_in_steps(found, at_us, deadline) if answer is None else answer

    def _answer_quickly(self, found: StoredUser, at_us: int) -> LiveAnswer | None:
        answer = None if self._quick is None else self._quick.answer(found, at_us)
        if answer is not None:
            self._last_known.remember_live(answer)
            self._predictions.append_live(answer)
        return answer

    async def _answer_later(
        self, user: str, keys: tuple[str, ...], finding: Awaitable[StoredUser], at_us: int, deadline: Deadline
    ) -> LiveAnswer | Answer:
        """From a store across a network."""
        try:
            with waiting():
                async with asyncio.timeout(deadline.for_store_s()):
                    found = await finding
        except (StoreUnavailable, TimeoutError):
            return await self._desk.answer_rows([user], keys, None, at_us, deadline)
        return self._answer_quickly(found, at_us) or await self._answer_in_steps(found, at_us, deadline)

    async def _answer_in_steps(self, found: StoredUser, at_us: int, deadline: Deadline) -> LiveAnswer | Answer:
        user, keys = found.user, found.segmenters
        rows = await self._evaluate(found, at_us, deadline)
        if rows is not None and self._waiting.isdisjoint(keys):
            assignments = self._score(keys, rows)
            if assignments is not None:
                answer = LiveAnswer(user, at_us, assignments)
                self._last_known.remember_live(answer)
                self._predictions.append_live(answer)
                self._meter.answered_live(answer)
                return answer
        many = None if rows is None else [row.as_rows() for row in rows]
        return await self._desk.answer_rows([user], keys, many, at_us, deadline)

    async def _evaluate(self, found: StoredUser, at_us: int, deadline: Deadline) -> list[UserRow] | None:
        try:
            rows = self._features.evaluate_user(found, at_us)
            if not isinstance(rows, list):
                with waiting():
                    async with asyncio.timeout(deadline.for_store_s()):
                        rows = await rows
        except (StoreUnavailable, TimeoutError):
            return None
        return rows

    def _score(self, keys: Sequence[str], rows: Sequence[UserRow]) -> list[LiveAssignment] | None:
        """Every segmenter's answer; None when one of them has none."""
        segmenters, found = self._desk.segmenters, []
        try:
            for key, row in zip(keys, rows, strict=True):
                if not row.known or row.damaged:
                    return None
                segmenter = segmenters[key]
                index, score = segmenter.score_row(row.values)
                found.append(LiveAssignment(segmenter.profile, index, score, row))
        except SegmenterUnavailable:
            return None
        return found
