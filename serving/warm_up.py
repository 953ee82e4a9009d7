"""Answering before being asked: a private server of the same parts takes calls, so that the first caller waits for
nothing, and a worker that reports ready has answered over gRPC."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

import grpc
import numpy as np

from serving.adapters.hurried_features import HurriedFeatures
from serving.adapters.silent import Unlogged
from serving.composition import Parts, compose_server
from serving.domain.deadline import Deadline
from serving.metrics.recorder import Recorder
from serving.metrics.version_numbers import private_recorder
from serving.observers import NOBODY
from strata.errors import SegmenterUnavailable, StrataError
from strata.v1 import segmentation_pb2 as pb
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

CALLS: Final = 20
USER: Final = "strata-warm-up"
CALL_S: Final = 10.0
STORE_S: Final = 0.3
"""All that a store across a network may take of it. One that hangs would hold up every replacement of a dead worker for
as long as a connection may take, while its callers could have what is last known."""


async def warm_up(parts: Parts) -> None:
    """Answer some calls on a private port. Raises StrataError when an answer cannot be had."""
    private = replace(
        parts, features=HurriedFeatures(parts.features, STORE_S),
        predictions=Unlogged(), recorder=_scratch(parts.recorder), last_known_users=1, events=None, changes=None,
        version_recorder=private_recorder, shadowing=None, releases=None, observers=NOBODY, admission=None,
    )  # fmt: skip
    server = compose_server(private)
    port = await server.start("127.0.0.1:0")
    try:
        async with grpc.aio.insecure_channel(f"127.0.0.1:{port}", options=[("grpc.enable_http_proxy", 0)]) as channel:
            stub = SegmentationServiceStub(channel)  # type: ignore[no-untyped-call]
            for _ in range(CALLS):
                await stub.GetSegments(pb.GetSegmentsRequest(user_id=USER), timeout=CALL_S)
            await stub.BatchGetSegments(pb.BatchGetSegmentsRequest(user_ids=[USER] * 2), timeout=CALL_S)
    except grpc.aio.AioRpcError as error:
        raise StrataError(f"the worker did not answer its own call: {error.code().name}; see its log") from None
    finally:
        await server.stop()
    await _score_nothing(parts)


async def _score_nothing(parts: Parts) -> None:
    """An unknown user scores nothing: embedded models are called with a row of missing values."""
    for segmenter in parts.served.values():
        if segmenter.waits:
            continue
        row = np.full((1, len(segmenter.profile.features)), np.nan)
        try:
            for _ in range(CALLS):
                await segmenter.score(row, Deadline.after(CALL_S))
        except SegmenterUnavailable as unavailable:
            raise StrataError(f"{unavailable}; train it again: strata train {segmenter.profile.name}") from None


def _scratch(recorder: Recorder) -> Recorder:
    layout = recorder.layout
    return Recorder(memoryview(bytearray(8 * layout.size)).cast("d"), layout)
