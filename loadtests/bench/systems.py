"""The systems under test."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

SEGMENTATION = "strata.v1.SegmentationService"
SEGMENTER = "strata.v1.SegmenterService"
GRPC = ("-H", "content-type: application/grpc", "-H", "te: trailers")
"""h2load's words for a gRPC call."""
JSON_OVER_HTTP1 = ("--h1", "-H", "content-type: application/json")
"""And for a server that speaks JSON over HTTP/1.1."""


@dataclass(frozen=True)
class System:
    """Something that answers calls, and every process whose CPU a call to it costs."""

    name: str
    address: str
    trees: tuple[psutil.Process, ...]
    service: str = SEGMENTATION
    """The first part of its methods' paths; none when empty."""
    protocol: tuple[str, ...] = GRPC

    def url(self, method: str) -> str:
        """Where a method is asked for."""
        return "/".join(part for part in (f"http://{self.address}", self.service, method) if part)
