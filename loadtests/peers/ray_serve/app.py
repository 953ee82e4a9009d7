"""The server of the Ray Serve peer; runs in Ray's own environment, with this repository on its path.

    python -m loadtests.peers.ray_serve.app --port P --http-port P --package FOLDER --folder SHORT_FOLDER

One replica, asynchronous, 100 calls at a time, behind Ray Serve's gRPC proxy. It answers the very bytes our Bento
worker is sent, with LightGBM's Booster and numpy (the glued stack's model code), calibrated and cut into segments.
"""

from __future__ import annotations

import argparse
import json
import signal
import threading
from pathlib import Path

import numpy as np
import ray
from ray import serve
from ray.serve.config import HTTPOptions, gRPCOptions

from loadtests.peers.glued.models import PlainModel
from strata.v1 import segmenter_pb2 as pb

ADD_SERVICER = "strata.v1.segmenter_pb2_grpc.add_SegmenterServiceServicer_to_server"


@serve.deployment(num_replicas=1, max_ongoing_requests=100)
class Scores:
    """One package's model."""

    def __init__(self, folder: str) -> None:
        manifest = json.loads((Path(folder) / "manifest.json").read_text(encoding="utf-8"))
        features = [f"{one['view']}:{one['name']}" for one in manifest["features"]]
        self._width = len(features)
        self._model = PlainModel(Path(folder), features)

    async def Score(self, request: pb.ScoreRequest) -> pb.ScoreResponse:  # noqa: N802 - gRPC's name
        """Segments and probabilities of a matrix."""
        matrix = np.frombuffer(request.values, dtype="<f8").reshape(request.row_count, self._width)
        indexes, scores = self._model.assign(matrix)
        return pb.ScoreResponse(segment_indexes=indexes, scores=scores)


def main() -> None:
    """Serve until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--package", required=True)
    parser.add_argument("--folder", required=True, help="Ray's own files; its sockets need a short path.")
    asked = parser.parse_args()
    ray.init(address="local", num_cpus=2, include_dashboard=False, _temp_dir=asked.folder)
    serve.start(
        proxy_location="HeadOnly",
        http_options=HTTPOptions(host="127.0.0.1", port=asked.http_port),
        grpc_options=gRPCOptions(port=asked.port, grpc_servicer_functions=[ADD_SERVICER], enable_reflection=False),
    )
    serve.run(Scores.bind(asked.package), name="scores")  # type: ignore[attr-defined]
    # After Ray's own handler, which would end this process and leave its cluster to find out.
    over = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: over.set())
    over.wait()
    serve.shutdown()
    ray.shutdown()


if __name__ == "__main__":
    main()
