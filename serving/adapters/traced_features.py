"""A FeatureSource whose reads are steps of the trace at hand."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar

from serving.domain.features import FeatureRows, UserRow
from serving.ports import FeatureSource
from strata.tracing import Step, Tracing

Row = TypeVar("Row", FeatureRows, UserRow)


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

    def read_user(self, segmenters: tuple[str, ...], user: str, at_us: int) -> list[UserRow] | Awaitable[list[UserRow]]:
        step = self._tracing.step("features")
        if step is None:
            return self._inner.read_user(segmenters, user, at_us)
        return _stepped(step, self._inner.read_user, segmenters, user, at_us)


def _stepped(
    step: Step,
    read: Callable[..., list[Row] | Awaitable[list[Row]]],
    segmenters: tuple[str, ...],
    asked: Any,
    at_us: int,
) -> list[Row] | Awaitable[list[Row]]:
    try:
        found = read(segmenters, asked, at_us)
    except BaseException as error:
        step.end(f"{type(error).__name__}: {error}")
        raise
    if isinstance(found, list):
        step.end()
        return found
    return _awaited(step, found)


async def _awaited(step: Step, found: Awaitable[list[Row]]) -> list[Row]:
    with step:
        return await found
