"""A SegmenterService over one package in a process: what a bench needs of a Bento server, without BentoML.

python tests/doubles/plain_scorer.py --port P --package FOLDER
"""

from __future__ import annotations

import argparse
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import grpc
import numpy as np

from strata.runtime import load_package
from strata.v1 import segmenter_pb2 as pb
from strata.v1.segmenter_pb2_grpc import SegmenterServiceServicer, add_SegmenterServiceServicer_to_server


class PlainScorer(SegmenterServiceServicer):
    """Scores whatever it is sent."""

    def __init__(self, folder: Path) -> None:
        self._package = load_package(folder)

    def Score(self, request: pb.ScoreRequest, context: Any) -> pb.ScoreResponse:  # noqa: N802
        found = self._package.score(np.frombuffer(request.values).reshape(request.row_count, -1))
        return pb.ScoreResponse(segment_indexes=found.segment_indexes.tolist(), scores=found.scores.tolist())


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--package", type=Path, required=True)
    chosen = parser.parse_args()
    server = grpc.server(ThreadPoolExecutor(1))
    add_SegmenterServiceServicer_to_server(PlainScorer(chosen.package), server)
    server.add_insecure_port(f"127.0.0.1:{chosen.port}")
    server.start()
    server.wait_for_termination()
