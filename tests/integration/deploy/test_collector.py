"""Traces as a real OpenTelemetry Collector takes them, set up by the very file deploy/ hands out."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from collector_process import CollectorProcess
from gateway_process import GatewayProcess
from toy_home import make_home

from strata.settings import TracingSettings
from strata.v1 import segmentation_pb2 as pb

pytestmark = pytest.mark.integration

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
CALL = "strata.v1.SegmentationService/GetSegments"


@pytest.fixture
def collector(tmp_path: Path) -> Iterator[CollectorProcess]:
    with CollectorProcess(tmp_path) as started:
        yield started


def test_a_collector_gets_the_callers_trace_down_to_store_and_models(
    collector: CollectorProcess, tmp_path: Path
) -> None:
    """Call, feature read and evaluation, both scores: all in the caller's trace; of the call nobody traces, nothing."""
    settings = make_home(tmp_path / "home")
    tracing = TracingSettings(endpoint=collector.address, sample_ratio=0.0)
    gateway = GatewayProcess(settings.model_copy(update={"tracing": tracing}))
    try:
        gateway.wait_until_ready()
        stub, channel = gateway.fresh_stub()
        stub.GetSegments(pb.GetSegmentsRequest(user_id="bob"), timeout=5)
        traceparent = (("traceparent", f"00-{TRACE}-{CALLER}-01"),)
        reply = stub.GetSegments(pb.GetSegmentsRequest(user_id="ann"), timeout=5, metadata=traceparent)
        channel.close()
    finally:
        assert gateway.end() == (0, "")  # a drain sends what is left
    assert {each.source for each in reply.assignments} == {pb.ASSIGNMENT_SOURCE_LIVE}
    spans = collector.wait_for(5)
    [call] = [span for span in spans if span.name == CALL]
    assert (call.trace, call.parent) == (TRACE, CALLER)
    assert sorted((span.name, span.trace, span.parent) for span in spans if span != call) == [
        ("evaluate", TRACE, call.span),
        ("features", TRACE, call.span),
        ("score", TRACE, call.span),
        ("score", TRACE, call.span),
    ]
