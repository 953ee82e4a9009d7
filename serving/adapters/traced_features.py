"""A FeatureSource whose reads are steps of the trace at hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from serving.domain.features import FeatureRows, StoredUser, UserRow
from serving.ports import FeatureSource
from strata.tracing import Step, Tracing

T = TypeVar("T")


class TracedFeatures:
    """Tells how many users were read. A read that waits is a step until it is awaited."""

    def __init__(self, inner: FeatureSource, tracing: Tracing) -> None:
        self._inner, self._tracing = inner, tracing

    def read(
        self, segmenters: tuple[str, ...], users: Sequence[str], at_us: int
    ) -> list[FeatureRows] | Awaitable[list[FeatureRows]]:
        step = self._tracing.step("features", **{"strata.users": len(users)})
        if step is None:
            return self._inner.read(segmenters, users, at_us)
        return _stepped(step, self._inner.read, segmenters, users, at_us)

    def find_user(self, segmenters: tuple[str, ...], user: str) -> StoredUser | Awaitable[StoredUser]:
        step = self._tracing.step("features")
        if step is None:
            return self._inner.find_user(segmenters, user)
        return _stepped(step, self._inner.find_user, segmenters, user)

    def evaluate_user(self, found: StoredUser, at_us: int) -> list[UserRow] | Awaitable[list[UserRow]]:
        step = self._tracing.step("evaluate")
        if step is None:
            return self._inner.evaluate_user(found, at_us)
        return _stepped(step, self._inner.evaluate_user, found, at_us)


def _stepped(step: Step, read: Callable[..., T | Awaitable[T]], *asked: Any) -> T | Awaitable[T]:
    try:
        found = read(*asked)
    except BaseException as error:
        step.end(f"{type(error).__name__}: {error}")
        raise
    if isinstance(found, Awaitable):
        return _awaited(step, found)
    step.end()
    return found


async def _awaited(step: Step, found: Awaitable[T]) -> T:
    with step:
        return await found
