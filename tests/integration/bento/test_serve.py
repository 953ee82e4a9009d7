"""A real `bentoml serve` of toy packages: HTTP and gRPC answer as the embedded package does."""

from __future__ import annotations

import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import numpy as np
import psutil
import pytest
from bento_process import BentoProcess, bento_command, serving_bento
from google.rpc import error_details_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from grpc_status import rpc_status
from toy_package import write_toy_promo

from strata.runtime import Package, find_package, load_package
from strata.v1 import segmenter_pb2 as pb
from strata.v1 import segmenter_pb2_grpc

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with one package."""
    made = tmp_path_factory.mktemp("bento")
    write_toy_promo(made / "packages")
    return made


@pytest.fixture(scope="module")
def package(home: Path) -> Package:
    """The same package, embedded."""
    return load_package(find_package(home / "packages", "toy_promo"))


@pytest.fixture(scope="module")
def server(home: Path) -> Iterator[BentoProcess]:
    """Its Bento, served."""
    with serving_bento(home, "toy_promo") as running:
        yield running


@pytest.fixture
def stub(server: BentoProcess) -> Iterator[segmenter_pb2_grpc.SegmenterServiceStub]:
    """A client of the worker's gRPC server."""
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        yield segmenter_pb2_grpc.SegmenterServiceStub(channel)


def _post(server: BentoProcess, path: str, body: Any) -> tuple[int, Any]:
    request = urllib.request.Request(
        f"http://127.0.0.1:{server.http_port}/{path}", json.dumps(body).encode(), {"content-type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return reply.status, json.load(reply)
    except urllib.error.HTTPError as error:
        with error:
            return error.code, json.load(error)


def _request(package: Package, rows: np.ndarray[Any, Any], **changes: Any) -> pb.ScoreRequest:
    manifest = package.manifest
    fields = {
        "segmenter": manifest.segmenter,
        "version": manifest.version,
        "schema_fingerprint": manifest.schema_fingerprint,
        "row_count": len(rows),
        "values": rows.astype("<f8").tobytes(),
    }
    return pb.ScoreRequest(**(fields | changes))


def test_http_and_grpc_answer_as_the_embedded_package(
    server: BentoProcess, stub: segmenter_pb2_grpc.SegmenterServiceStub, package: Package
) -> None:
    """On the same rows, missing values included: the same segments, the same scores to the last bit."""
    rows = np.array([[0.0], [1.0], [2.0], [3.0], [np.nan], [9.0]])
    expected = package.score(rows)
    over_grpc = stub.Score(_request(package, rows))
    assert list(over_grpc.segment_indexes) == expected.segment_indexes.tolist()
    assert np.array(over_grpc.scores, dtype=np.float32).tolist() == expected.scores.tolist()
    named = [{"toy:coupons": None if np.isnan(row[0]) else row[0]} for row in rows]
    status, over_http = _post(server, "score", {"rows": named})
    keys = [entry.key for entry in package.manifest.vocabulary]
    assert status == 200
    assert [one["segment"] for one in over_http["answers"]] == [keys[i] for i in expected.segment_indexes]
    assert [one["score"] for one in over_http["answers"]] == expected.scores.tolist()


def test_both_doors_describe_the_same_package(
    server: BentoProcess, stub: segmenter_pb2_grpc.SegmenterServiceStub, package: Package
) -> None:
    """Version, schema and the manifest's hash: what the gateway compares before it routes here."""
    told = stub.DescribePackage(pb.DescribePackageRequest())
    assert told == pb.DescribePackageResponse(
        segmenter="toy_promo",
        version=package.manifest.version,
        schema_fingerprint=package.manifest.schema_fingerprint,
        manifest_sha256=package.manifest_sha256,
    )
    status, described = _post(server, "describe", {})
    assert (status, described["version"], described["manifest_sha256"]) == (200, told.version, told.manifest_sha256)
    assert [one["key"] for one in described["segments"]] == ["likely", "possible", "unlikely"]


@pytest.mark.parametrize(
    ("rows", "sentence"),
    [
        ([{"toy:coupon": 1}], "rows[0]: toy_promo does not read toy:coupon; see describe"),
        ([{}, {"toy:coupons": "many"}], "rows[1].toy:coupons: 'many' is not a number"),
        ([], "0 rows were sent; send 1 to 1000"),
        ([{"toy:coupons": [1]}], "rows[0].toy:coupons: [1] is not a finite number (null is missing)"),
    ],
)
def test_a_wrong_row_is_a_400_that_says_which(server: BentoProcess, rows: list[Any], sentence: str) -> None:
    """The row, the feature, and what was expected (BentoML 1.4 puts its error object into a list)."""
    assert _post(server, "score", {"rows": rows}) == (400, [{"error": sentence}])


@pytest.mark.parametrize(
    ("changes", "code", "reason"),
    [
        ({"version": "000000000000"}, grpc.StatusCode.FAILED_PRECONDITION, "PACKAGE_NOT_SERVED"),
        ({"schema_fingerprint": "0" * 16}, grpc.StatusCode.FAILED_PRECONDITION, "PACKAGE_NOT_SERVED"),
        ({"row_count": 0}, grpc.StatusCode.INVALID_ARGUMENT, "ROW_COUNT_OUT_OF_RANGE"),
        ({"row_count": 1_001}, grpc.StatusCode.INVALID_ARGUMENT, "ROW_COUNT_OUT_OF_RANGE"),
        ({"values": b"1234567"}, grpc.StatusCode.INVALID_ARGUMENT, "MATRIX_SIZE_MISMATCH"),
    ],
)
def test_a_wrong_request_carries_error_info(
    stub: segmenter_pb2_grpc.SegmenterServiceStub,
    package: Package,
    changes: dict[str, Any],
    code: grpc.StatusCode,
    reason: str,
) -> None:
    """The code the contract names, and a stable reason of domain `strata`."""
    with pytest.raises(grpc.RpcError) as caught:
        stub.Score(_request(package, np.zeros((1, 1)), **changes))
    status = rpc_status.from_call(caught.value)
    detail = error_details_pb2.ErrorInfo()
    assert status.details[0].Unpack(detail)
    assert (caught.value.code(), detail.reason, detail.domain) == (code, reason, "strata")


def test_health_and_reflection_are_there(server: BentoProcess) -> None:
    """The standard services know SegmenterService."""
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        asked = health_pb2.HealthCheckRequest(service="strata.v1.SegmenterService")
        told = health_pb2_grpc.HealthStub(channel).Check(asked)
        assert told.status == health_pb2.HealthCheckResponse.SERVING
        assert "strata.v1.SegmenterService" in ProtoReflectionDescriptorDatabase(channel).get_services()


def test_a_taken_port_is_a_sentence_and_an_end(server: BentoProcess, home: Path, tmp_path: Path) -> None:
    """A second server on the same ports ends with exit code 1 and says which setting to change."""
    second = tmp_path / "second"
    second.mkdir()
    write_toy_promo(second / "packages")
    ports = {"STRATA_BENTO__HTTP_PORT": "0", "STRATA_BENTO__GRPC_PORT": str(server.grpc_port)}
    process = bento_command(second, "serve", "toy_promo", **ports)
    assert process.wait(60) == 1
    said = (second / "bento.log").read_text(encoding="utf-8")
    assert f"127.0.0.1:{server.grpc_port} cannot be listened on" in said
    assert "STRATA_BENTO__GRPC_PORT" in said


def test_a_killed_worker_comes_back(server: BentoProcess, package: Package) -> None:
    """kill -9 of the worker: calls fail as UNAVAILABLE at worst, and within a minute they are answered again."""
    killed = server.worker_pid()
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    rows = np.array([[3.0]])
    with grpc.insecure_channel(f"127.0.0.1:{server.grpc_port}") as channel:
        answer = segmenter_pb2_grpc.SegmenterServiceStub(channel).Score(
            _request(package, rows), timeout=60, wait_for_ready=True
        )
    assert list(answer.segment_indexes) == [0]
    assert server.worker_pid() not in (None, killed)


def test_a_killed_server_takes_its_worker_along(home: Path) -> None:
    """kill -9 of the whole server leaves no worker behind, so that the next start finds both ports free."""
    with serving_bento(home, "toy_promo") as running:
        worker = running.worker_pid()
        running.process.kill()
        running.process.wait()
        deadline = time.monotonic() + 20
        while worker is not None and psutil.pid_exists(worker) and time.monotonic() < deadline:
            time.sleep(0.1)
        assert worker is not None
        assert not psutil.pid_exists(worker) or psutil.Process(worker).status() == psutil.STATUS_ZOMBIE
