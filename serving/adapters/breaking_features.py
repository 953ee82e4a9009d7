"""A FeatureSource across a network behind a circuit breaker: a store that keeps running into its callers' time is left
alone for a while, so that they have what was last known at once instead of waiting for nothing."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, TypeVar, cast

from serving.domain.circuit import REST_S, SLOW_S, Circuit
from serving.domain.features import FeatureRows, StoredUser, UserRow
from serving.ports import FeatureSource
from strata.errors import StoreUnavailable

_log = logging.getLogger("strata.gateway")
T = TypeVar("T")


class BreakingFeatures:
    """Raises StoreUnavailable at once while open. Reads that do not wait are none of its business."""

    def __init__(
        self, inner: FeatureSource, monotonic: Callable[[], float] = time.monotonic, circuit: Circuit | None = None
    ) -> None:
        """`circuit`: the one of other sources over the same store."""
        self._inner, self._monotonic, self._circuit = inner, monotonic, circuit or Circuit(monotonic)

    def read(
        self, segmenters: tuple[str, ...], users: Sequence[str], at_us: int
    ) -> list[FeatureRows] | Awaitable[list[FeatureRows]]:
        return self._broken(self._inner.read, segmenters, users, at_us)

    def find_user(self, segmenters: tuple[str, ...], user: str) -> StoredUser | Awaitable[StoredUser]:
        return self._broken(self._inner.find_user, segmenters, user)

    def evaluate_user(self, found: StoredUser, at_us: int) -> list[UserRow] | Awaitable[list[UserRow]]:
        """What was found is there; the store is asked again only after a rebuild with another layout."""
        return self._inner.evaluate_user(found, at_us)

    def _broken(self, read: Callable[..., T | Awaitable[T]], *asked: Any) -> T | Awaitable[T]:
        if not self._circuit.allows():
            raise StoreUnavailable("the online state timed out repeatedly and is left alone for a moment")
        try:
            found = read(*asked)
        except BaseException:
            self._circuit.left()
            raise
        if isinstance(found, (StoredUser, list)):  # Awaitable is an abstract class: asking for it costs a microsecond
            self._circuit.left()
            return found
        return self._awaited(cast("Awaitable[T]", found))

    async def _awaited(self, found: Awaitable[T]) -> T:
        began_s = self._monotonic()
        try:
            rows = await found
        except asyncio.CancelledError:  # the desk's time for the store is over, or the caller went away
            self._given_up(self._monotonic() - began_s)
            raise
        except BaseException:
            self._circuit.left()
            raise
        if self._circuit.succeeded():
            _log.info("the online state answers again")
        return rows

    def _given_up(self, after_s: float) -> None:
        if after_s < SLOW_S:
            self._circuit.left()
        elif self._circuit.timed_out():
            _log.warning("the online state is left alone after timeouts", extra={"fields": {"rest_s": REST_S}})
