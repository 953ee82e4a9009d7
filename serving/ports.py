"""What the domain needs from outside. Adapters implement these; decorators stand over them."""

from __future__ import annotations

from collections.abc import Awaitable, Iterator, Sequence
from typing import NamedTuple, Protocol

import numpy as np
from numpy.typing import NDArray

from serving.domain.assignments import Answer, LiveAnswer, PastAnswers
from serving.domain.deadline import Deadline
from serving.domain.features import FeatureRows, Floats, StoredUser, UserRow
from serving.domain.segmenter import SegmenterProfile


class Scores(NamedTuple):
    """One answer per row, as `strata.runtime` gives it."""

    segment_indexes: NDArray[np.int32]
    scores: NDArray[np.float32]


class RowScore(NamedTuple):
    """The answer for one row."""

    segment_index: int
    score: float


class FeatureSource(Protocol):
    """Features of users at an instant."""

    def read(
        self, segmenters: tuple[str, ...], users: Sequence[str], at_us: int
    ) -> list[FeatureRows] | Awaitable[list[FeatureRows]]:
        """What each segmenter's version reads, for all users, from one snapshot; in the order of `segmenters`, which
        are keys (`SegmenterProfile.key`).

        At once from a store in memory, to be awaited from one across a network: a task a call would cost the first
        more than its read.

        An unknown user is a row of NaN that is not `known`. Raises StoreUnavailable when nothing can be read.
        """
        ...

    def find_user(self, segmenters: tuple[str, ...], user: str) -> StoredUser | Awaitable[StoredUser]:
        """The first half of `read` for one user: the rows, from one snapshot. Raises StoreUnavailable."""
        ...

    def evaluate_user(self, found: StoredUser, at_us: int) -> list[UserRow] | Awaitable[list[UserRow]]:
        """The second half: what each segmenter reads of them. To be awaited only where the store must be asked again.

        Raises StoreUnavailable.
        """
        ...


class Segmenter(Protocol):
    """One exact version of one segmenter."""

    @property
    def profile(self) -> SegmenterProfile: ...

    @property
    def waits(self) -> bool:
        """Whether scoring waits for something outside this process (and is worth starting before the others)."""
        ...

    async def score(self, values: Floats, deadline: Deadline) -> Scores:
        """Score float64 [n, f] before the deadline's reserve. Raises SegmenterUnavailable; never anything else."""
        ...

    def score_row(self, row: Floats) -> RowScore:
        """`score` of one row, [f], at once: only for segmenters that do not wait. Raises SegmenterUnavailable."""
        ...


class SingleAnswers(Protocol):
    """Makes ordinary answers about one user in one step."""

    def answer(self, found: StoredUser, at_us: int) -> LiveAnswer | None:
        """The answer with its reply, counted with the time of its stages; None for what has to go the long way."""
        ...


class PredictionLog(Protocol):
    """Where answers are recorded. Never raises, never waits."""

    def append(self, answer: Answer) -> None: ...

    def append_live(self, answer: LiveAnswer) -> None: ...


class LoggedFile(NamedTuple):
    """A piece of a prediction log."""

    key: str
    """The version that gave the answers in it (`SegmenterProfile.key`)."""
    name: str
    """Sorts by age."""


class PredictionHistory(Protocol):
    """Answers recorded by whichever worker, this one's predecessors among them. Never raises; both methods wait for a
    disk, so an event loop has a thread call them."""

    def files(self, most: int) -> list[LoggedFile]:
        """Of the versions served, the newest first, at most so many."""
        ...

    def read(self, file: LoggedFile) -> Iterator[PastAnswers]:
        """What was live of it, or last known and live before, some thousands at a time, the newest first.

        Nothing that this version could not say or that lies in the future; of a file that is damaged or gone, what
        came before that was noticed.
        """
        ...


class AnswerMeter(Protocol):
    """What is counted about answers. Never raises, never waits."""

    def answered(self, answer: Answer) -> None: ...

    def answered_live(self, answer: LiveAnswer) -> None: ...
