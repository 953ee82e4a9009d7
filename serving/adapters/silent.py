"""For answers nobody asked for: nothing is logged, nothing is counted."""

from __future__ import annotations

from serving.domain.assignments import Answer, LiveAnswer


class Unlogged:
    """A PredictionLog that keeps nothing."""

    def append(self, answer: Answer) -> None:
        return

    def append_live(self, answer: LiveAnswer) -> None:
        return


class Unmetered:
    """An AnswerMeter that counts nothing."""

    def answered(self, answer: Answer) -> None:
        return

    def answered_live(self, answer: LiveAnswer) -> None:
        return
