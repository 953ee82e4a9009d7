"""One trace from a caller through gateway, features and scores into a Bento: real processes, a real OTLP receiver."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from bento_process import BentoProcess, serving_bento
from gateway_process import GatewayProcess
from toy_home import make_home
from trace_receiver import Received, TraceReceiver

from strata.settings import SegmenterSettings, Settings, TracingSettings
from strata.v1 import segmentation_pb2 as pb
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

pytestmark = pytest.mark.integration

TRACE, CALLER = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
TRACED, UNTRACED = f"00-{TRACE}-{CALLER}-01", f"00-{TRACE}-{CALLER}-00"
SERVICE = "strata.v1.SegmentationService"


@pytest.fixture(scope="module")
def receiver() -> Iterator[TraceReceiver]:
    """Processes started while it is there send what they have ten times a second, not every five seconds."""
    with pytest.MonkeyPatch.context() as patch, TraceReceiver() as made:
        patch.setenv("OTEL_BSP_SCHEDULE_DELAY", "100")
        yield made


@pytest.fixture(autouse=True)
def forget(receiver: TraceReceiver) -> None:
    """Each test sees its own spans."""
    receiver.spans.clear()


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return make_home(tmp_path_factory.mktemp("traces") / "home")


@pytest.fixture(scope="module")
def bento(home: Settings, receiver: TraceReceiver) -> Iterator[BentoProcess]:
    """toy_promo in a real Bento whose server is told of the collector."""
    with serving_bento(home.home, "toy_promo", STRATA_TRACING__ENDPOINT=receiver.address) as running:
        yield running


@pytest.fixture(scope="module")
def gateway(home: Settings, bento: BentoProcess, receiver: TraceReceiver) -> Iterator[GatewayProcess]:
    """Begins no trace itself; toy_tiers is embedded, toy_promo in the Bento."""
    made = GatewayProcess(
        home.model_copy(
            update={
                "tracing": TracingSettings(endpoint=receiver.address, sample_ratio=0.0),
                "bento": home.bento.model_copy(update={"grpc_port": bento.grpc_port}),
                "segmenters": {"toy_tiers": SegmenterSettings(), "toy_promo": SegmenterSettings(placement="remote")},
            }
        )
    )
    made.wait_until_ready()
    _call_until_live(made)
    yield made
    made.end()


def _call_until_live(gateway: GatewayProcess) -> None:
    ends_s = time.monotonic() + 20
    while any(each.source != pb.ASSIGNMENT_SOURCE_LIVE for each in ask(gateway).assignments):
        assert time.monotonic() < ends_s
        time.sleep(0.05)


def ask(gateway: GatewayProcess, user: str = "ann", traceparent: str = "") -> pb.GetSegmentsResponse:
    with grpc.insecure_channel(gateway.addresses["grpc"]) as channel:
        stub = SegmentationServiceStub(channel)  # type: ignore[no-untyped-call]
        metadata = (("traceparent", traceparent),) if traceparent else None
        reply: pb.GetSegmentsResponse = stub.GetSegments(
            pb.GetSegmentsRequest(user_id=user), timeout=5, metadata=metadata
        )
    return reply


def named(spans: list[Received], name: str, **notes: str) -> Received:
    [found] = [span for span in spans if span.name == name and notes.items() <= span.notes.items()]
    return found


def test_one_trace_from_the_caller_into_the_bento(gateway: GatewayProcess, receiver: TraceReceiver) -> None:
    """Six spans of two processes in the caller's trace, each under the one that asked for it and within its time."""
    ask(gateway, traceparent=TRACED)
    spans = receiver.wait_for(6)
    call = named(spans, f"{SERVICE}/GetSegments")
    features, evaluate = named(spans, "features"), named(spans, "evaluate")
    tiers = named(spans, "score", **{"strata.segmenter": "toy_tiers"})
    promo = named(spans, "score", **{"strata.segmenter": "toy_promo"})
    remote = named(spans, "strata.v1.SegmenterService/Score")
    assert {span.trace for span in spans} == {TRACE}
    parents = {CALLER: "caller", **{each.span: each.name for each in spans}}
    assert [(each.process, parents[each.parent]) for each in (call, features, evaluate, tiers, promo, remote)] == [
        ("strata-gateway", "caller"),
        ("strata-gateway", call.name),
        ("strata-gateway", call.name),
        ("strata-gateway", call.name),
        ("strata-gateway", call.name),
        ("strata-bento", "score"),
    ]
    assert remote.parent == promo.span
    assert call.notes["rpc.grpc.status_code"] == 0
    for inner, outer in ((features, call), (evaluate, call), (tiers, call), (promo, call), (remote, promo)):
        assert outer.began_ns <= inner.began_ns <= inner.ended_ns <= outer.ended_ns
    assert not any(span.failed for span in spans)


@pytest.mark.parametrize("traceparent", ["", UNTRACED, "00-nonsense-01", f"00-{'0' * 32}-{CALLER}-01"])
def test_a_call_nobody_traces_leaves_nothing(
    gateway: GatewayProcess, receiver: TraceReceiver, traceparent: str
) -> None:
    """No header, a caller that does not trace, headers that are none: the traced call after it is all that comes."""
    ask(gateway, traceparent=traceparent)
    ask(gateway, traceparent=TRACED)
    assert len(receiver.wait_for(6)) == 6
    time.sleep(0.1)
    assert {span.trace for span in receiver.spans} == {TRACE}
    assert len(receiver.spans) == 6


def test_a_callers_mistake_is_no_failure_of_ours(gateway: GatewayProcess, receiver: TraceReceiver) -> None:
    """The code is there, the span is not marked."""
    with pytest.raises(grpc.RpcError, match="INVALID_ARGUMENT"):
        ask(gateway, user="", traceparent=TRACED)
    [span] = receiver.wait_for(1)
    assert (span.notes["rpc.grpc.status_code"], span.failed) == (grpc.StatusCode.INVALID_ARGUMENT.value[0], "")


def test_what_chance_picks_begins_a_trace_of_its_own(tmp_path: Path, receiver: TraceReceiver) -> None:
    """At a ratio of 1 every call of a caller who says nothing, and still none of one who does not trace."""
    settings = make_home(tmp_path / "home")
    tracing = TracingSettings(endpoint=receiver.address, sample_ratio=1.0)
    gateway = GatewayProcess(settings.model_copy(update={"tracing": tracing}))
    gateway.wait_until_ready()
    ask(gateway)
    ask(gateway, traceparent=UNTRACED)
    ask(gateway)
    assert gateway.end() == (0, "")  # a drain sends what is left
    roots = [span for span in receiver.spans if span.name == f"{SERVICE}/GetSegments"]
    assert [span.parent for span in roots] == ["", ""]
    assert len(receiver.spans) == 2 * 5
    assert len({span.trace for span in receiver.spans}) == 2


def test_a_collector_that_is_not_there_is_felt_by_nobody(tmp_path: Path) -> None:
    """Calls are answered, and the gateway ends as soon as ever."""
    tracing = TracingSettings(endpoint="127.0.0.1:9", sample_ratio=1.0)
    gateway = GatewayProcess(make_home(tmp_path / "home").model_copy(update={"tracing": tracing}))
    gateway.wait_until_ready()
    began_s = time.monotonic()
    assert [len(ask(gateway).assignments) for _ in range(20)] == [2] * 20
    assert time.monotonic() - began_s < 5
    began_s = time.monotonic()
    assert gateway.end()[0] == 0
    assert time.monotonic() - began_s < 6


def test_without_a_collector_opentelemetry_is_not_imported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By what a worker says it imported until it had answered and ended."""
    monkeypatch.setitem(os.environ, "PYTHONPROFILEIMPORTTIME", "1")
    gateway = GatewayProcess(make_home(tmp_path / "home"))
    gateway.wait_until_ready()
    ask(gateway, traceparent=TRACED)
    code, said = gateway.end()
    assert code == 0
    assert "serving.adapters.traced_segmenter" in said
    assert "opentelemetry" not in said
