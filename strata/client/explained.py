"""One call with where its time went."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import grpc

from strata.call_timing import EXPLAIN, EXPLAIN_KEY, TIMING_KEY, CallTiming, read_timing
from strata.client.calls import CALLER_KEY, explained
from strata.client.segments import Segments
from strata.errors import StrataError


class TimingMissing(StrataError):
    """A gateway that does not tell where its time went."""

    def __init__(self, target: str) -> None:
        super().__init__(
            f"the gateway at {target} answered, but did not tell where its time went: it is older than this client, or "
            "something between drops trailers; update it, or ask its workers directly"
        )


@dataclass(frozen=True)
class ExplainedCall:
    """An answer, and its time as the caller and the gateway measured it."""

    segments: Segments
    sent_s: float
    received_s: float
    """By this machine's monotonic clock."""
    handler: CallTiming
    """By the gateway's."""

    @property
    def seconds(self) -> float:
        """From sending to having the reply."""
        return self.received_s - self.sent_s

    @property
    def outside(self) -> tuple[float, float] | None:
        """Seconds before the handler and after it; None where the two clocks are not one, as on two machines."""
        before_s = self.handler.began_s - self.sent_s
        after_s = self.received_s - self.handler.began_s - self.handler.seconds
        return (before_s, after_s) if min(before_s, after_s) >= 0.0 else None


def timed(
    target: str, method: Any, request: Any, timeout_s: float, *, caller: str, convert: Callable[[Any], Segments]
) -> ExplainedCall:
    """Call a unary method. Raises CallFailed, TimingMissing and TimingUnreadable."""
    metadata = ((EXPLAIN_KEY, EXPLAIN), *(((CALLER_KEY, caller),) if caller else ()))
    sent_s = time.perf_counter()
    try:
        reply, ended = method.with_call(request, timeout=timeout_s, metadata=metadata)
    except grpc.RpcError as error:
        raise explained(target, error) from None
    received_s = time.perf_counter()
    told = dict(ended.trailing_metadata() or ()).get(TIMING_KEY)
    if told is None:
        raise TimingMissing(target)
    return ExplainedCall(convert(reply), sent_s, received_s, read_timing(str(told)))
