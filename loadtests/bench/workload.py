"""The calls a bench makes: bodies on disk, as h2load wants them, and what right replies to them weigh."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import grpc

from loadtests.calls import Request
from loadtests.peers.echo import sized
from loadtests.replies import ReplyChecker
from strata.v1.segmentation_pb2 import (
    BatchGetSegmentsRequest,
    BatchGetSegmentsResponse,
    GetSegmentsRequest,
    GetSegmentsResponse,
    ListSegmentersRequest,
)
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

PREFIX_BYTES = 5
"""gRPC's: one flag byte and four of length."""
JITTER_BYTES = 1
"""Either way, beside a byte per time in the reply: nanoseconds are varints, so that a time's weight changes by a
byte from moment to moment. The bounds still see about 3 errors in 100 replies of 200 bytes; the echo's are exact."""
RUN_S = 3_600
"""Longer than any bench: an age of 100 s weighs a byte less than one of 200 s."""
Reply = GetSegmentsResponse | BatchGetSegmentsResponse


@dataclass(frozen=True)
class Call:
    """One request in a file, the users it asks about, and the bytes of a right reply (with gRPC's prefix)."""

    method: str
    body: Path
    users: int
    least_reply_bytes: float = 0
    most_reply_bytes: float = 0


@dataclass(frozen=True)
class Sample:
    """Right replies to the calls of a workload, from one system."""

    replies: list[Reply]
    live_share: float

    @property
    def segments(self) -> list[tuple[str, ...]]:
        """Per user in order, each segmenter's segment."""
        return [row for reply in self.replies for row in _segments(reply)]

    @property
    def median_bytes(self) -> int:
        """The weight of the middle reply, without prefix."""
        return sorted(reply.ByteSize() for reply in self.replies)[len(self.replies) // 2]


def requests_for(
    users: Sequence[str], singles: int, batches: int, batch_users: int
) -> tuple[list[Request], list[Request]]:
    """`singles` single calls and `batches` batch calls, each over other users as far as there are enough."""
    alone: list[Request] = [GetSegmentsRequest(user_id=users[i % len(users)]) for i in range(singles)]
    many: list[Request] = [
        BatchGetSegmentsRequest(user_ids=[users[(b * batch_users + i) % len(users)] for i in range(batch_users)])
        for b in range(batches)
    ]
    return alone, many


def write_calls(requests: Sequence[Request], folder: Path) -> list[Call]:
    """Store each request with gRPC's prefix; reply bytes are not known yet."""
    folder.mkdir(parents=True, exist_ok=True)
    return [_write(request, folder / f"{index}.bin") for index, request in enumerate(requests)]


def _write(request: Request, path: Path) -> Call:
    path.write_bytes(framed(request.SerializeToString()))
    if isinstance(request, GetSegmentsRequest):
        return Call("GetSegments", path, 1)
    return Call("BatchGetSegments", path, len(request.user_ids))


def framed(message: bytes) -> bytes:
    """A message as gRPC sends it: uncompressed, with its length before it.

    >>> framed(b"ab")
    b'\\x00\\x00\\x00\\x00\\x02ab'
    """
    return b"\0" + struct.pack(">I", len(message)) + message


def sample(address: str, requests: Sequence[Request]) -> Sample:
    """Ask each call once through a real stub and check the reply. Raises ReplyWrong or grpc.RpcError."""
    with grpc.insecure_channel(address) as channel:
        stub = SegmentationServiceStub(channel)  # type: ignore[no-untyped-call]
        checker = ReplyChecker(stub.ListSegmenters(ListSegmentersRequest(), timeout=10).segmenters)
        replies: list[Reply] = []
        live = 0
        for request in requests:
            method = stub.GetSegments if isinstance(request, GetSegmentsRequest) else stub.BatchGetSegments
            replies.append(method(request, timeout=30))
            live += not checker.check(request, replies[-1])
    return Sample(replies, live / len(requests))


def weigh(calls: Sequence[Call], replies: Sequence[Reply]) -> list[Call]:
    """The calls with the bounds of their right replies' bytes, from one reply to each."""
    return [
        replace(
            call,
            most_reply_bytes=PREFIX_BYTES + _heaviest(reply, RUN_S) + JITTER_BYTES,
            least_reply_bytes=PREFIX_BYTES + _heaviest(reply, 0) - len(_times(reply)) - JITTER_BYTES,
        )
        for call, reply in zip(calls, replies, strict=True)
    ]


def weighed_again(address: str, call: Call) -> Call:
    """The call with bounds that also hold what a right reply weighs by now: features move on with the clock, and with
    them a user's segment or the list of what is missing. Raises ReplyWrong, grpc.RpcError, or KeyError for an echo's
    method, whose replies never change."""
    kinds: dict[str, type[Request]] = {"GetSegments": GetSegmentsRequest, "BatchGetSegments": BatchGetSegmentsRequest}
    kind = kinds[call.method]
    request = kind.FromString(call.body.read_bytes()[PREFIX_BYTES:])
    (new,) = weigh([call], sample(address, [request]).replies)
    return replace(
        call,
        least_reply_bytes=min(call.least_reply_bytes, new.least_reply_bytes),
        most_reply_bytes=max(call.most_reply_bytes, new.most_reply_bytes),
    )


def echo_calls(calls: Sequence[Call], method: str, reply_bytes: int) -> list[Call]:
    """The same bodies for the echo, whose replies all weigh the same."""
    size = PREFIX_BYTES + sized(reply_bytes).ByteSize()
    return [replace(call, method=method, least_reply_bytes=size, most_reply_bytes=size) for call in calls]


def _times(reply: Reply) -> list[Any]:
    """The reply's moving times, for changing: those with a part of a second."""
    found: list[Any] = [reply.as_of]
    for one in reply.assignments if isinstance(reply, GetSegmentsResponse) else []:
        found += [getattr(one, name) for name in ("feature_age", "last_known_age") if one.HasField(name)]
    return [time for time in found if time.nanos]


def _heaviest(reply: Reply, later_s: int) -> int:
    """The reply's bytes some seconds later, were all its nanoseconds at the longest that a varint of them can be."""
    worst: Reply = type(reply).FromString(reply.SerializeToString())
    for time in _times(worst):
        time.nanos = 999_999_999
        time.seconds += later_s
    return worst.ByteSize()


def _segments(reply: Reply) -> list[tuple[str, ...]]:
    if isinstance(reply, GetSegmentsResponse):
        return [tuple(one.segment for one in reply.assignments)]
    keys = [[column.segments[i].key for i in column.segment_indexes] for column in reply.columns]
    return list(zip(*keys, strict=True))
