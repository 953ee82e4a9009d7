"""How every unary method is wrapped, told once: see `guarded` and `traced_call`."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

from serving.domain.deadline import Deadline
from serving.servicers.guarded import CallMeter, Metadata, Reply, Request, guarded, uncounted


@dataclass(frozen=True)
class Guard:
    """Makes the handlers of a server. `called` sees the metadata of every call."""

    called: Callable[[Metadata], None] = uncounted

    def handler(
        self, method: Callable[[Request, Deadline], Awaitable[Reply]], default_s: float, meter: CallMeter
    ) -> Callable[[Request, Any], Awaitable[Reply]]:
        """The gRPC handler of a method."""
        return guarded(method, default_s, meter, self.called)


PLAIN: Final = Guard()
