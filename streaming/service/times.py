"""When an event happened, judged against the moment it is recorded."""

from __future__ import annotations

from typing import Any, Final

from strata.features.plan import LATENESS_US
from strata.v1 import event_pb2 as pb
from streaming.service.limits import EARLIEST_US, LATEST_US, SKEW_US
from streaming.service.violations import Violation

_SECOND_US: Final = 1_000_000


def read_time(event: Any, recorded_us: int, faults: list[Violation]) -> int:
    """Microseconds UTC; `recorded_us` for an event without a time, or one ahead of it by no more than the skew."""
    stamp = event.event_time
    seconds, nanos = stamp.seconds, stamp.nanos
    if not seconds and not nanos and not event.HasField("event_time"):
        return recorded_us
    at_us: int = seconds * _SECOND_US + nanos // 1_000
    age_us = recorded_us - at_us
    if 0 <= age_us <= LATENESS_US and 0 <= nanos < 1_000_000_000:
        return at_us
    if not 0 <= nanos < 1_000_000_000 or not EARLIEST_US <= at_us < LATEST_US:
        faults.append(
            Violation("event_time", pb.VIOLATION_REASON_OUT_OF_RANGE, "is no time between the years 1900 and 2200")
        )
    elif age_us > LATENESS_US:
        faults.append(
            Violation("event_time", pb.VIOLATION_REASON_LATE, f"is {age_us // _SECOND_US} s ago; at most 7 days count")
        )
    elif age_us < -SKEW_US:
        faults.append(
            Violation(
                "event_time", pb.VIOLATION_REASON_FUTURE,
                f"is {-age_us / _SECOND_US:.1f} s ahead of the platform's clock; at most 2 s",
            )
        )  # fmt: skip
    return recorded_us


def was_ahead(event: Any, recorded_us: int) -> bool:
    """Whether an accepted event's time was set back to the moment it was recorded."""
    stamp = event.event_time
    return bool(stamp.seconds * _SECOND_US + stamp.nanos // 1_000 > recorded_us)
