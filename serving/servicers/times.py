"""Microseconds into protobuf's times."""

from __future__ import annotations

from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp


def set_instant(message: Timestamp, at_us: int) -> None:
    """Microseconds since the epoch, UTC."""
    message.seconds, rest = divmod(at_us, 1_000_000)
    message.nanos = rest * 1_000


def set_span(message: Duration, span_us: int) -> None:
    """A span that is present and at least 0: a replayed clock may stand before a watermark."""
    if span_us <= 0:
        message.SetInParent()
        return
    message.seconds, rest = divmod(span_us, 1_000_000)
    message.nanos = rest * 1_000
