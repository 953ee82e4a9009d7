"""SingleAnswers for calls nobody traces: a traced one shows its steps, so it has to take them."""

from __future__ import annotations

from serving.domain.assignments import LiveAnswer
from serving.domain.features import StoredUser
from serving.ports import SingleAnswers
from strata.tracing import Tracing


class UntracedAnswers:
    """Declines while the call at hand is traced."""

    def __init__(self, inner: SingleAnswers, tracing: Tracing) -> None:
        self._inner, self._tracing = inner, tracing

    def answer(self, found: StoredUser, at_us: int) -> LiveAnswer | None:
        return None if self._tracing.is_traced() else self._inner.answer(found, at_us)
