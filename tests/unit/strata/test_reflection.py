"""Whatever the reflection protocol lets a client ask for is found, methods included."""

from __future__ import annotations

import pytest

from strata.reflection import MethodsToo
from strata.v1 import segmentation_pb2


@pytest.mark.parametrize(
    "symbol",
    [
        "strata.v1.SegmentationService",
        "strata.v1.SegmentationService.GetSegments",
        "strata.v1.GetSegmentsRequest",
        "strata.v1.GetSegmentsRequest.user_id",
        "strata.v1.AssignmentSource",
        "strata.v1.ASSIGNMENT_SOURCE_LIVE",
    ],
)
def test_a_symbol_leads_to_its_file(symbol: str) -> None:
    """Of each kind that a file declares."""
    assert MethodsToo().FindFileContainingSymbol(symbol).name == "strata/v1/segmentation.proto"


@pytest.mark.parametrize("symbol", ["", "GetSegments", "strata.v1.SegmentationService.Nothing", "strata.v1"])
def test_what_is_no_symbol_is_not_found(symbol: str) -> None:
    """KeyError, as the pool has it."""
    with pytest.raises(KeyError):
        MethodsToo().FindFileContainingSymbol(symbol)


def test_everything_else_is_the_default_pool() -> None:
    """Files by name, messages by name."""
    assert MethodsToo().FindFileByName("strata/v1/segmentation.proto") is segmentation_pb2.DESCRIPTOR
