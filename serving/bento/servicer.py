"""SegmenterService over one loaded package. See protos/strata/v1/segmenter.proto."""

from __future__ import annotations

import logging
from typing import Any, Final

import grpc
import numpy as np
from numpy.typing import NDArray

from serving.bento.refusals import Refusal, abort
from strata.runtime import Package
from strata.v1 import segmenter_pb2 as pb
from strata.v1 import segmenter_pb2_grpc

MAX_ROWS: Final = 1_000
_log = logging.getLogger("bentoml.strata")


class SegmenterServicer(segmenter_pb2_grpc.SegmenterServiceServicer):
    """Answers from `package`, which never changes while this object lives.

    Scoring runs on the event loop: a thousand rows take a few milliseconds, and handing them to a thread would
    cost every single row more than it takes.
    """

    def __init__(self, package: Package) -> None:
        self._package = package
        manifest = package.manifest
        self._width = len(manifest.features)
        self._served = (manifest.segmenter, manifest.version, manifest.schema_fingerprint)
        self._description = pb.DescribePackageResponse(
            segmenter=manifest.segmenter,
            version=manifest.version,
            schema_fingerprint=manifest.schema_fingerprint,
            manifest_sha256=package.manifest_sha256,
        )

    async def DescribePackage(self, request: pb.DescribePackageRequest, context: Any) -> pb.DescribePackageResponse:  # noqa: N802 - gRPC's name
        return self._description

    async def Score(self, request: pb.ScoreRequest, context: Any) -> pb.ScoreResponse:  # noqa: N802 - gRPC's name
        try:
            return self._score(request)
        except Refusal as refusal:
            await abort(context, refusal)
        except Exception:
            _log.exception("scoring failed")
            await abort(context, Refusal(grpc.StatusCode.INTERNAL, "INTERNAL", "scoring failed; see the worker's log"))

    def _score(self, request: pb.ScoreRequest) -> pb.ScoreResponse:
        self._check_served(request)
        answers = self._package.score(self._matrix(request))
        return pb.ScoreResponse(segment_indexes=answers.segment_indexes.tolist(), scores=answers.scores.tolist())

    def _check_served(self, request: pb.ScoreRequest) -> None:
        asked = (request.segmenter, request.version, request.schema_fingerprint)
        if asked == self._served:
            return
        name, version, fingerprint = self._served
        raise Refusal(
            grpc.StatusCode.FAILED_PRECONDITION,
            "PACKAGE_NOT_SERVED",
            f"{name} {version} (schema {fingerprint}) is served here, not "
            f"{asked[0] or '(no name)'} {asked[1] or '(no version)'} (schema {asked[2] or 'none'}): "
            "ask DescribePackage",
            segmenter=name,
            version=version,
            schema_fingerprint=fingerprint,
        )

    def _matrix(self, request: pb.ScoreRequest) -> NDArray[np.float64]:
        rows, expected = request.row_count, request.row_count * self._width * 8
        if not 1 <= rows <= MAX_ROWS:
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT,
                "ROW_COUNT_OUT_OF_RANGE",
                f"row_count is {rows}; send 1 to {MAX_ROWS} rows",
                field="row_count",
            )
        if len(request.values) != expected:
            raise Refusal(
                grpc.StatusCode.INVALID_ARGUMENT,
                "MATRIX_SIZE_MISMATCH",
                f"values hold {len(request.values)} bytes; {rows} rows of {self._width} doubles are {expected}",
                field="values",
            )
        return np.frombuffer(request.values, dtype="<f8").reshape(rows, self._width)
