"""A judged batch as its reply, and a request's bytes as its messages."""

from __future__ import annotations

from typing import Any, Final

from google.protobuf.message import DecodeError

from strata.errors import InputInvalid
from strata.v1 import event_pb2 as pb
from streaming.service.batches import ACCEPTED, DUPLICATE, INVALID, LATE, JudgedBatch
from streaming.service.limits import MAX_EVENTS, MAX_REQUEST_BYTES, MAX_VIOLATIONS
from streaming.service.wire import exceeds

_SUSPICIOUS_BYTES: Final = 256 << 10
"""An event of two bytes takes about 100 times that once it is read: what is longer is counted before."""


def read_request(raw: bytes, kind: Any) -> Any:
    """The request. Raises InputInvalid for bytes that are none, and for a batch that is too large."""
    if len(raw) > MAX_REQUEST_BYTES:
        raise InputInvalid(f"the request has {len(raw)} bytes; send at most {MAX_REQUEST_BYTES}")
    if len(raw) > _SUSPICIOUS_BYTES and exceeds(raw, MAX_EVENTS + 1):
        raise _too_many()
    try:
        request = kind.FromString(raw)
    except DecodeError:
        raise InputInvalid(f"the bytes are no {kind.DESCRIPTOR.full_name}, or hold text that is not UTF-8") from None
    if len(request.events) > MAX_EVENTS:
        raise _too_many()
    return request


def make_reply(batch: JudgedBatch) -> Any:
    """The `PublishEventsResponse` of a batch whose records are durable."""
    reply: Any = pb.PublishEventsResponse(clamped_indexes=batch.clamped)
    reply.outcomes.extend(batch.outcomes)
    counts = batch.counts()
    reply.counts.accepted, reply.counts.duplicate = counts[ACCEPTED], counts[DUPLICATE]
    reply.counts.late, reply.counts.invalid = counts[LATE], counts[INVALID]
    reply.recorded_at.FromMicroseconds(batch.recorded_us)
    for index, event_id, violations in batch.refused:
        refusal = reply.refusals.add(event_index=index, event_id=event_id)
        for violation in violations[:MAX_VIOLATIONS]:
            refusal.violations.add(
                field=violation.field, reason=violation.reason, description=violation.description
            )  # fmt: skip
    return reply


def _too_many() -> InputInvalid:
    return InputInvalid(f"the request has more than {MAX_EVENTS} events; send several")
