"""The systems under test."""

from __future__ import annotations

from dataclasses import dataclass

import psutil

SEGMENTATION = "strata.v1.SegmentationService"


@dataclass(frozen=True)
class System:
    """Something that answers gRPC calls, and every process whose CPU a call to it costs."""

    name: str
    address: str
    trees: tuple[psutil.Process, ...]
    service: str = SEGMENTATION
