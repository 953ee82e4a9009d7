"""One fault of one field of an event."""

from __future__ import annotations

from typing import NamedTuple

from strata.v1 import event_pb2 as pb


class Violation(NamedTuple):
    """A field as a path within Event, the kind of fault (a ViolationReason), and the fault for people."""

    field: str
    reason: int
    description: str


def word_of(reason: int) -> str:
    """The reason as metrics and the command say it.

    >>> word_of(pb.VIOLATION_REASON_TOO_LONG)
    'too_long'
    """
    return pb.ViolationReason.Name(reason).removeprefix("VIOLATION_REASON_").lower()
