"""The gateway of the glued stack.

python -m loadtests.peers.glued.gateway --port P --models HTTP_URL
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import signal
from collections.abc import Sequence
from typing import Any

import aiohttp
import grpc
import uvloop
from feast import FeatureStore

from loadtests.peers.glued.answers import Answers, Row, nan_to_none
from loadtests.peers.glued.load import load
from loadtests.peers.glued.schema import SCHEMA_VARIABLE, Schema, read_schema
from strata.v1 import segmentation_pb2 as pb
from strata.v1.segmentation_pb2_grpc import SegmentationServiceServicer, add_SegmentationServiceServicer_to_server


class Glued(SegmentationServiceServicer):
    """Feast for the features, BentoML for the segments."""

    def __init__(self, store: FeatureStore, schema: Schema, session: aiohttp.ClientSession, models: str) -> None:
        self._store, self._schema, self._session, self._models = store, schema, session, models
        self._keys = [feature.replace(":", "__") for feature in schema.features]
        self._answers = Answers(schema)

    async def GetSegments(self, request: pb.GetSegmentsRequest, _context: Any) -> pb.GetSegmentsResponse:  # noqa: N802
        """One user."""
        rows = await self._rows([request.user_id])
        return self._answers.single(request.user_id, rows[0], await self._assign(rows))

    async def BatchGetSegments(  # noqa: N802
        self, request: pb.BatchGetSegmentsRequest, _context: Any
    ) -> pb.BatchGetSegmentsResponse:
        """Many users, in one read and one HTTP call."""
        rows = await self._rows(list(request.user_ids))
        return self._answers.batch(rows, await self._assign(rows))

    async def ListSegmenters(self, _request: Any, _context: Any) -> pb.ListSegmentersResponse:  # noqa: N802
        """What is served."""
        return self._answers.listing()

    async def _rows(self, users: Sequence[str]) -> list[Row]:
        reply = await self._store.get_online_features_async(
            features=self._schema.features,
            entity_rows=[{"user_id": user} for user in users],
            full_feature_names=True,
        )
        columns = reply.to_dict()
        # By name: the order of Feast's columns changes with every process start.
        wanted = [columns[key] for key in self._keys]
        return [[nan_to_none(value) for value in row] for row in zip(*wanted, strict=True)]

    async def _assign(self, rows: list[Row]) -> dict[str, Any]:
        async with self._session.post(f"{self._models}/assign", json={"rows": rows}) as answer:
            answer.raise_for_status()
            found: dict[str, Any] = await answer.json()
            return found


async def _serve(port: int, models: str) -> None:
    schema = read_schema(os.environ[SCHEMA_VARIABLE])
    store = load(schema)
    await store.initialize()
    server = grpc.aio.server(options=[("grpc.so_reuseport", 1)])
    async with aiohttp.ClientSession() as session:
        glued = Glued(store, schema, session, models)
        add_SegmentationServiceServicer_to_server(glued, server)  # type: ignore[no-untyped-call]
        server.add_insecure_port(f"127.0.0.1:{port}")
        await server.start()
        stop = asyncio.Event()
        asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
        gc.collect()
        gc.freeze()
        await stop.wait()
        await server.stop(1)
        await store.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--models", required=True)
    chosen = parser.parse_args()
    uvloop.run(_serve(chosen.port, chosen.models))
