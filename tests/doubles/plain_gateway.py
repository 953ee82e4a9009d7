"""A SegmentationService over plain models in one process: what a bench needs of a gateway, without the gateway.

python tests/doubles/plain_gateway.py --port P       with $GLUED_SCHEMA
"""

from __future__ import annotations

import argparse
import asyncio
import os
import signal
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import pyarrow.parquet as pq

from loadtests.peers.glued.answers import Answers, nan_to_none
from loadtests.peers.glued.models import PlainModel
from loadtests.peers.glued.schema import SCHEMA_VARIABLE, read_schema
from strata.v1.segmentation_pb2_grpc import SegmentationServiceServicer, add_SegmentationServiceServicer_to_server


class PlainGateway(SegmentationServiceServicer):
    """Values from a Parquet file, models in process."""

    def __init__(self) -> None:
        schema = read_schema(os.environ[SCHEMA_VARIABLE])
        table = pq.read_table(schema.rows)
        columns = [table[feature].to_pylist() for feature in schema.features]
        values = ([nan_to_none(value) for value in row] for row in zip(*columns, strict=True))
        self._rows = dict(zip(table["user_id"].to_pylist(), values, strict=True))
        self._models = {name: PlainModel(Path(folder), schema.features) for name, folder in schema.packages.items()}
        self._answers = Answers(schema)

    async def GetSegments(self, request: Any, context: Any) -> Any:  # noqa: N802
        row = self._rows[request.user_id]
        return self._answers.single(request.user_id, row, self._assign([row]))

    async def BatchGetSegments(self, request: Any, context: Any) -> Any:  # noqa: N802
        rows = [self._rows[user] for user in request.user_ids]
        return self._answers.batch(rows, self._assign(rows))

    async def ListSegmenters(self, request: Any, context: Any) -> Any:  # noqa: N802
        return self._answers.listing()

    def _assign(self, rows: list[Any]) -> dict[str, Any]:
        matrix = np.array(rows, dtype=float)
        answers = {name: model.assign(matrix) for name, model in self._models.items()}
        return {name: {"indexes": indexes, "scores": scores} for name, (indexes, scores) in answers.items()}


async def _serve(port: int) -> None:
    server = grpc.aio.server()
    add_SegmentationServiceServicer_to_server(PlainGateway(), server)
    server.add_insecure_port(f"127.0.0.1:{port}")
    await server.start()
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await stop.wait()
    await server.stop(None)


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    asyncio.run(_serve(parser.parse_args().port))
