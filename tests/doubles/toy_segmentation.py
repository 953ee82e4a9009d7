"""A whole gateway in this process, behind a real port, made of doubles."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import grpc

from serving.composition import Parts, compose_server
from serving.domain.assignments import Answer, LiveAnswer
from serving.metrics.families import families
from serving.metrics.recorder import Recorder
from serving.metrics.shared_numbers import Layout, create_numbers, map_numbers
from serving.ports import FeatureSource, PredictionLog, Segmenter
from serving.server import Limits
from strata.clock import FixedClock
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

AS_OF_US = 1_512_000_060_000_000
LIMITS = Limits(default_s=1.0, batch_default_s=2.0, max_connection_age_s=300.0, drain_s=1.0)


class KeptPredictions:
    """A PredictionLog that keeps the answers."""

    def __init__(self) -> None:
        self.answers: list[Answer] = []
        self.live: list[LiveAnswer] = []

    def append(self, answer: Answer) -> None:
        self.answers.append(answer)

    def append_live(self, answer: LiveAnswer) -> None:
        self.live.append(answer)


def toy_parts(
    folder: Path,
    segmenters: Mapping[str, Segmenter],
    features: FeatureSource,
    predictions: PredictionLog | None = None,
    **more: Any,
) -> Parts:
    """Parts with a fixed clock and numbers kept in `folder`."""
    layout = Layout(families())
    path = folder / "numbers.bin"
    create_numbers(path, layout)
    recorder = Recorder(map_numbers(path, layout), layout)
    clock = FixedClock(AS_OF_US)
    return Parts(segmenters, features, predictions or KeptPredictions(), 100, clock, recorder, LIMITS, **more)


@asynccontextmanager
async def served(parts: Parts) -> AsyncIterator[tuple[Any, str]]:
    """A stub and the address of a running gateway."""
    gateway = compose_server(parts)
    address = f"127.0.0.1:{await gateway.start('127.0.0.1:0')}"
    channel = grpc.aio.insecure_channel(address)
    try:
        yield SegmentationServiceStub(channel), address  # type: ignore[no-untyped-call]
    finally:
        await channel.close()
        await gateway.stop()
