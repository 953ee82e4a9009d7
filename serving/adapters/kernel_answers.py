"""Answers about one user made by the C kernel in one step, from the stored rows to the reply.

What it declines (unknown users, damaged rows, segmenters elsewhere, models and features the kernel does not know) is
answered the long way, by `SingleDesk`: that way is also the oracle this one is held against, bit by bit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from serving.adapters.embedded_segmenter import EmbeddedSegmenter
from serving.adapters.feature_reading import Reading
from serving.domain.assignments import LiveAnswer, LiveAssignment
from serving.domain.features import Floats, StoredUser, UserRow
from serving.domain.segmenter import SegmenterProfile
from serving.domain.step_notes import notes_here
from serving.ports import AnswerMeter, Segmenter
from strata.runtime.native_single import AnswerPlaces, NativeSingle, ReplyTags, SinglePart, StagePlaces, first_of

_row: Final = UserRow._make
"""Half the time of a call by names."""
MOST_KINDS: Final = 256
"""Combinations of segmenters laid out for the kernel: callers choose them, so they are bounded."""
STAGES: Final = ("features", "score", "reply")


class ReplyPieces(Protocol):
    """What never changes of one version's part of a reply, serialised."""

    @property
    def heads(self) -> Sequence[bytes]:
        """Per segment, what stands before the score."""
        ...

    @property
    def tail(self) -> bytes:
        """What stands after it."""
        ...

    @property
    def names(self) -> Sequence[bytes]:
        """Per feature, what says that it is missing."""
        ...


@dataclass(frozen=True, eq=False)
class _Kind:
    """One combination of segmenters, as one reading lays it out."""

    reading: Reading
    single: NativeSingle | None
    """None: the kernel cannot do it."""
    parts: list[tuple[SegmenterProfile, Floats, int]]
    """Each segmenter with its values, in place, and where its numbers begin."""


class KernelAnswers:
    """See `ports.SingleAnswers`. Not for threads: the event loop is its only user."""

    def __init__(
        self,
        segmenters: Mapping[str, Segmenter],
        pieces: Mapping[str, ReplyPieces],
        tags: ReplyTags,
        *,
        stages: StagePlaces,
        versions: Mapping[str, AnswerPlaces],
        meter: AnswerMeter,
    ) -> None:
        """Mappings by key. `segmenters`: those served, without what times and traces them. `meter`: sees the answers
        beside what the kernel counts.
        """
        self._segmenters, self._pieces, self._tags = segmenters, pieces, tags
        self._stages, self._versions, self._meter = stages, versions, meter
        self._kinds: dict[tuple[str, ...], _Kind] = {}

    def answer(self, found: StoredUser, at_us: int) -> LiveAnswer | None:
        kind = self._kind(found)
        if kind is None or kind.single is None:
            return None
        user = found.user
        answered = kind.single.answer(found.rows, user.encode(), at_us, marks=found.marks, found_s=found.took_s)
        if answered is None:
            return None
        notes = notes_here()
        if notes is not None:
            notes.took(*zip(STAGES, kind.single.stages(), strict=True))
        reply, numbers = answered
        assignments = [
            LiveAssignment(
                profile, numbers[n + 1], numbers[n], _row((values, True, numbers[n + 2], not numbers[n + 3], False))
            )
            for profile, values, n in kind.parts
        ]
        answer = LiveAnswer(user, at_us, assignments, reply)
        self._meter.answered_live(answer)
        return answer

    def _kind(self, found: StoredUser) -> _Kind | None:
        kind = self._kinds.get(found.segmenters)
        if kind is not None and kind.reading is found.reading:
            return kind
        if not isinstance(found.reading, Reading) or (kind is None and len(self._kinds) >= MOST_KINDS):
            return None
        kind = self._kinds[found.segmenters] = self._laid_out(found.segmenters, found.reading)
        return kind

    def _laid_out(self, keys: tuple[str, ...], reading: Reading) -> _Kind:
        tables, parts = reading.reader.kernel_tables(), []
        if tables is None:
            return _Kind(reading, None, [])
        for key, part in zip(keys, reading.slices, strict=True):
            segmenter = self._segmenters[key]
            score = segmenter.kernel_score() if isinstance(segmenter, EmbeddedSegmenter) else None
            if score is None:
                return _Kind(reading, None, [])
            model, defaults = score
            pieces = self._pieces[key]
            parts.append(
                SinglePart(
                    model, defaults, part.tables, part.part.start, part.part.stop - part.part.start,
                    pieces.heads, pieces.tail, pieces.names, self._versions[key],
                )
            )  # fmt: skip
        single = NativeSingle(
            tables, len(reading.reader.columns), parts, tags=self._tags, stages=self._stages, held=reading
        )
        profiles = [self._segmenters[key].profile for key in keys]
        return _Kind(
            reading,
            single,
            [
                (profile, single.values[part.part], first_of(n))
                for n, (profile, part) in enumerate(zip(profiles, reading.slices, strict=True))
            ],
        )
