"""`strata serve` as processes: starting, being killed, ending, and refusing to start."""

from __future__ import annotations

import asyncio
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import grpc
import psutil
import pyarrow.parquet as pq
import pytest
from gateway_process import GatewayProcess, until
from toy_home import make_home, write_registry

from serving.gateway import resolve
from serving.metrics.families import families
from serving.metrics.shared_numbers import Layout, create_numbers
from serving.order import WorkerOrder
from serving.releases.beginning import begin_release
from strata.client import connect
from strata.settings import Settings
from strata.v1 import segmentation_pb2 as pb
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

pytestmark = pytest.mark.integration

MOST_RSS = 250 * 1024 * 1024


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_home(tmp_path / "home")


@pytest.fixture
def gateway(settings: Settings) -> Iterator[GatewayProcess]:
    """Two workers that answer."""
    made = GatewayProcess(settings, workers=2)
    made.wait_until_ready()
    yield made
    made.end()


def _metrics(gateway: GatewayProcess) -> str:
    host, _, port = gateway.addresses["metrics"].rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.request("GET", "/metrics")
    page = connection.getresponse().read().decode()
    connection.close()
    return page


def _count(page: str, series: str) -> float:
    return sum(float(line.split()[-1]) for line in page.splitlines() if line.startswith(series))


def test_every_worker_answers_when_the_ready_line_is_out(gateway: GatewayProcess) -> None:
    """Each on a connection of its own; the page counts the calls of all workers."""
    for _ in range(12):
        stub, channel = gateway.fresh_stub()
        reply = stub.GetSegments(pb.GetSegmentsRequest(user_id="ann"), timeout=5)
        channel.close()
        assert [a.segment for a in reply.assignments] == ["middle", "possible"]
    page = _metrics(gateway)
    assert _count(page, 'strata_requests_total{code="OK",method="GetSegments"}') == 12
    assert _count(page, "strata_workers ") == 2


def test_the_page_tells_callers_missing_values_and_what_workers_use(gateway: GatewayProcess) -> None:
    """cat has no spend and no coupons; about one call in sixteen is looked at. A worker that hangs is late by now."""
    for caller, calls in (("shop", 200), ("mail", 40)):
        with connect(gateway.addresses["grpc"], caller=caller) as client:
            for _ in range(calls):
                client.get_segments("cat")
    page = _metrics(gateway)
    assert _count(page, 'strata_caller_requests_total{caller="shop"}') == 200
    assert _count(page, 'strata_caller_requests_total{caller="mail"}') == 40
    assert _count(page, 'strata_caller_requests_total{caller="(unnamed)"}') == 0  # nor does a worker count its own
    looked = _count(page, 'strata_feature_sampled_rows_total{segmenter="toy_tiers"}')
    assert 4 <= looked <= 60
    spend = 'strata_feature_sampled_missing_total{feature="toy:spend",segmenter="toy_tiers"}'
    assert _count(page, spend) == looked
    assert _count(page, spend.replace("spend", "orders")) == 0
    assert all(_count(page, f'strata_worker_resident_bytes{{worker="{each}"}}') > 10e6 for each in (0, 1))
    assert _count(page, "strata_worker_loop_lag_seconds") < 1
    stopped = gateway.workers()[0]
    stopped.suspend()
    until(lambda: _count(_metrics(gateway), "strata_worker_loop_lag_seconds") > 1)
    stopped.resume()


def test_a_worker_is_small_and_imports_nothing_heavy(gateway: GatewayProcess) -> None:
    """Under 250 MB; no library of training is mapped into it."""
    for worker in gateway.workers():
        assert worker.memory_info().rss < MOST_RSS
        mapped = {Path(each.path).parts for each in worker.memory_maps()}
        heavy = {"pandas", "sklearn", "scipy", "bentoml", "feast"}
        assert not [parts for parts in mapped if heavy & set(parts)]


def test_the_modules_of_a_worker_are_light() -> None:
    """What `serving.worker` imports, and what writing a prediction file imports on top."""
    code = (
        "import sys, serving.worker, serving.adapters.prediction_files, pyarrow.parquet; "
        "heavy = ('feast', 'sklearn', 'pandas', 'bentoml', 'scipy', 'lightgbm', 'opentelemetry');"
        "print([m for m in heavy if m in sys.modules])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def _condition(gateway: GatewayProcess, port: int, name: str) -> tuple[int, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("GET", f"/{name}")
        reply = connection.getresponse()
        return reply.status, reply.read().decode()
    finally:
        connection.close()


def test_started_ready_and_alive_are_three_things(settings: Settings) -> None:
    """Before the first answers, while it serves, without one worker, without any, and while it drains."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    gateway = GatewayProcess(settings, workers=2, metrics_port=port, drain_s=3.0)

    def told(name: str) -> int:
        return _condition(gateway, port, name)[0]

    try:
        until(lambda: _answers(port))
        assert _condition(gateway, port, "startupz") == (503, "0 of 2 workers answer for the first time\n")
        assert (told("readyz"), told("livez"), told("nonsense")) == (503, 200, 404)
        gateway.wait_until_ready()
        until(lambda: [told("startupz"), told("readyz"), told("livez")] == [200, 200, 200])
        first, second = gateway.workers()
        first.kill()
        assert (told("startupz"), told("readyz"), told("livez")) == (200, 200, 200)
        second.kill()
        until(lambda: _condition(gateway, port, "readyz") == (503, "no worker answers\n"))
        assert (told("startupz"), told("livez")) == (200, 200)
        until(lambda: told("readyz") == 200)
        gateway.workers()[0].suspend()  # holds the drain up
        gateway.ask_to_end()
        until(lambda: _condition(gateway, port, "readyz") == (503, "the gateway drains: callers go elsewhere\n"))
        assert told("livez") == 200
    finally:
        for worker in gateway.workers():
            worker.resume()
        gateway.end()


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def test_pinned_workers_keep_to_cores_of_their_own(settings: Settings) -> None:
    """All their threads, and a replacement takes the place of the one it replaces."""
    cores = sorted(os.sched_getaffinity(0))
    gateway = GatewayProcess(settings, workers=2, pin_workers=True)
    try:
        gateway.wait_until_ready()
        wanted = sorted([[cores[0]], [cores[1 % len(cores)]]])
        assert sorted(worker.cpu_affinity() for worker in gateway.workers()) == wanted
        first = gateway.workers()[0]
        threads = [os.sched_getaffinity(thread.id) for thread in first.threads()]
        assert threads == [set(first.cpu_affinity())] * len(threads)
        first.kill()
        until(lambda: first.pid not in {worker.pid for worker in gateway.workers()})
        until(lambda: sorted(worker.cpu_affinity() for worker in gateway.workers()) == wanted)
    finally:
        gateway.end()


def test_a_killed_worker_is_replaced_and_callers_who_retry_feel_nothing(gateway: GatewayProcess) -> None:
    """UNAVAILABLE at worst, never a wrong answer; what the dead one counted stays counted."""
    with connect(gateway.addresses["grpc"], call_s=10.0) as client:
        for _ in range(5):
            client.get_segments("ann")
        before = _count(_metrics(gateway), 'strata_requests_total{code="OK",method="GetSegments"}')
        for victim in gateway.workers():
            os.kill(victim.pid, signal.SIGKILL)
            answers = [client.get_segments("ann") for _ in range(20)]
            assert {answer["toy_tiers"].segment for answer in answers} == {"middle"}
            pids = {victim.pid}
            until(lambda pids=pids: len(gateway.workers()) == 2 and not pids & {w.pid for w in gateway.workers()})
            until(lambda: _count(_metrics(gateway), "strata_workers ") == 2)
    page = _metrics(gateway)
    assert _count(page, 'strata_requests_total{code="OK",method="GetSegments"}') >= before + 40
    assert _count(page, "strata_worker_restarts_total") == 2


def test_a_raw_caller_sees_unavailable_and_then_answers(gateway: GatewayProcess) -> None:
    """Without retries: nothing but UNAVAILABLE while the worker it was connected to is gone."""
    stub, channel = gateway.fresh_stub()
    stub.GetSegments(pb.GetSegmentsRequest(user_id="ann"), timeout=5)
    for victim in gateway.workers():
        os.kill(victim.pid, signal.SIGKILL)
    seen: set[grpc.StatusCode] = set()

    def answered() -> bool:
        try:
            stub.GetSegments(pb.GetSegmentsRequest(user_id="ann"), timeout=5)
        except grpc.RpcError as error:
            seen.add(error.code())
            return False
        return True

    until(answered)
    channel.close()
    assert seen <= {grpc.StatusCode.UNAVAILABLE}


def test_a_worker_whose_supervisor_died_while_it_started_ends_too(settings: Settings) -> None:
    """It listens, and has nobody to report to and nobody who would stop it: it must not keep the port."""
    exact = resolve(settings)
    begin_release(exact)
    numbers = exact.home / "numbers.bin"
    create_numbers(numbers, Layout(families()))
    nobody, report = os.pipe()
    os.close(nobody)
    with subprocess.Popen(
        [sys.executable, "-m", "serving.worker"], stdin=subprocess.PIPE, pass_fds=(report,)
    ) as worker:
        os.close(report)
        assert worker.stdin is not None
        worker.stdin.write(WorkerOrder(exact, 0, numbers, report).to_line())
        worker.stdin.flush()
        try:
            assert worker.wait(timeout=30) == 0
        finally:
            worker.kill()


def test_ending_drains_writes_the_log_and_leaves_no_process(gateway: GatewayProcess, settings: Settings) -> None:
    """Exit code 0; every assignment given is in the prediction log."""
    with connect(gateway.addresses["grpc"]) as client:
        client.get_segments("ann")
        client.batch_get_segments(["bob", "", "nobody"])
    workers = gateway.workers()
    code, said = gateway.end()
    assert (code, said) == (0, "")
    assert not [worker for worker in workers if worker.is_running()]
    logged = pq.read_table(settings.predictions / "toy_tiers")["user_id"].to_pylist()
    assert sorted(logged) == ["ann", "bob", "nobody"]
    assert [path.name for path in settings.predictions.rglob(".*")] == []


async def test_no_call_on_an_established_channel_fails_while_a_gateway_drains(gateway: GatewayProcess) -> None:
    """Forty callers who never pause. What ends each is a new connection, refused: UNAVAILABLE, and nothing was sent."""
    answered, ended = 0, asyncio.Event()
    options = [("grpc.use_local_subchannel_pool", 1)]

    async def ask_until_it_fails(stub: Any) -> grpc.aio.AioRpcError:
        nonlocal answered
        while True:
            try:
                await stub.GetSegments(pb.GetSegmentsRequest(user_id="ann"), timeout=20)
            except grpc.aio.AioRpcError as error:
                return error
            answered += 1
            if answered == 1_000:
                ended.set()

    channels = [grpc.aio.insecure_channel(gateway.addresses["grpc"], options=options) for _ in range(8)]
    stubs = [SegmentationServiceStub(channel) for channel in channels]  # type: ignore[no-untyped-call]
    callers = [asyncio.create_task(ask_until_it_fails(stub)) for stub in stubs for _ in range(5)]
    await ended.wait()
    gateway.ask_to_end()
    errors = await asyncio.gather(*callers)
    assert {error.code() for error in errors} == {grpc.StatusCode.UNAVAILABLE}
    assert all("failed to connect" in (error.details() or "") for error in errors)
    for channel in channels:
        await channel.close()
    assert await asyncio.to_thread(gateway.end) == (0, "")


def test_a_long_lived_channel_moves_between_workers_and_no_call_fails(settings: Settings) -> None:
    """Asked to come again by age: sooner or later by another worker, as the kernel spreads new connections."""
    gateway = GatewayProcess(settings, workers=2, max_connection_age_s=0.2)
    try:
        gateway.wait_until_ready()
        port = int(gateway.addresses["grpc"].rpartition(":")[2])
        stub, channel = gateway.fresh_stub()
        served: set[int] = set()
        while len(served) < 2:
            stub.GetSegments(pb.GetSegmentsRequest(user_id="ann"), timeout=20)
            served |= {worker.pid for worker in gateway.workers() if _serves_somebody(worker, port)}
        channel.close()
    finally:
        gateway.end()


def _serves_somebody(worker: psutil.Process, port: int) -> bool:
    connections = worker.net_connections(kind="tcp")
    return any(each.status == psutil.CONN_ESTABLISHED and each.laddr.port == port for each in connections)


def test_a_package_damaged_while_a_gateway_serves_does_not_end_it(gateway: GatewayProcess, settings: Settings) -> None:
    """Its worker's replacement cannot start; the other answers on, and the replacement comes once it is mended."""
    [model] = settings.packages.glob("toy_promo/*/model.txt")
    sound = model.read_bytes()
    for content in (sound[: len(sound) // 2], sound):
        damaged = model.with_suffix(".new")
        damaged.write_bytes(content)
        damaged.replace(model)  # the workers' own copies stay as they are
        if content is not sound:
            os.kill(gateway.workers()[0].pid, signal.SIGKILL)
            until(lambda: "worker cannot start and is tried again" in gateway.said())
            with connect(gateway.addresses["grpc"], call_s=10.0) as client:
                assert client.get_segments("ann")["toy_promo"].source == "live"
    until(lambda: _count(_metrics(gateway), "strata_workers ") == 2)


def test_workers_end_when_their_supervisor_is_killed(gateway: GatewayProcess) -> None:
    workers = gateway.workers()
    gateway.process.kill()
    until(lambda: not any(worker.is_running() for worker in workers))


def test_health_and_reflection_are_served(gateway: GatewayProcess) -> None:
    """Per service and overall."""
    from grpc_health.v1 import health_pb2, health_pb2_grpc
    from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase

    with grpc.insecure_channel(gateway.addresses["grpc"]) as channel:
        health = health_pb2_grpc.HealthStub(channel)
        for service in ("", "strata.v1.SegmentationService"):
            reply = health.Check(health_pb2.HealthCheckRequest(service=service), timeout=5)
            assert reply.status == health_pb2.HealthCheckResponse.SERVING
        services = ProtoReflectionDescriptorDatabase(channel).get_services()
        assert "strata.v1.SegmentationService" in services


def _refused(settings: Settings, **gateway: object) -> str:
    """The one sentence of a gateway that does not start."""
    code, said = _ended(GatewayProcess(settings, **gateway))
    assert code != 0
    sentences = [line for line in said.splitlines() if not line.startswith("{")]
    assert len(sentences) == 1, said
    assert "Traceback" not in said
    return sentences[0]


def _ended(gateway: GatewayProcess) -> tuple[int, str]:
    gateway.process.wait(60)
    return gateway.end()


def test_a_package_that_does_not_match_the_registry_is_refused_with_the_differences(settings: Settings) -> None:
    write_registry(settings.registry, tiers_order=("spend", "orders"))
    sentence = _refused(settings)
    assert "toy_tiers" in sentence
    assert "another order, from toy:orders on" in sentence


@pytest.mark.parametrize("damage", ["cut", "changed"])
def test_a_corrupt_package_is_a_sentence_and_no_crash_loop(settings: Settings, damage: str) -> None:
    [model] = settings.packages.glob("toy_promo/*/model.txt")
    text = model.read_bytes()
    model.write_bytes(text[: len(text) // 2] if damage == "cut" else text.replace(b"0.5", b"0.7", 1))
    assert "model.txt is not the file the manifest lists" in _refused(settings)


@pytest.mark.parametrize("share", [0.0, 0.5])
def test_a_truncated_store_is_a_sentence_and_no_crash_loop(settings: Settings, share: float) -> None:
    data = settings.state / "data.mdb"
    os.truncate(data, int(data.stat().st_size * share))
    sentence = _refused(settings, workers=2)
    assert str(settings.state) in sentence
    assert "strata features materialize" in sentence


def test_a_store_truncated_while_serving_ends_in_a_sentence(settings: Settings) -> None:
    """Workers die on the missing pages; their replacements refuse, and so the gateway does."""
    gateway = GatewayProcess(settings, workers=1)
    gateway.wait_until_ready()
    os.truncate(settings.state / "data.mdb", 0)
    stub, channel = gateway.fresh_stub()

    def gone() -> bool:
        with suppress(grpc.RpcError):
            stub.GetSegments(pb.GetSegmentsRequest(user_id="ann"), timeout=1)
        return gateway.process.poll() is not None

    until(gone)
    channel.close()
    code, said = gateway.end()
    assert code == 1
    assert "strata features materialize" in said.splitlines()[-1]


@pytest.mark.parametrize(("key", "variable"), [("port", "GATEWAY__PORT"), ("metrics_port", "GATEWAY__METRICS_PORT")])
def test_a_port_in_use_is_a_sentence(settings: Settings, key: str, variable: str) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        assert variable in _refused(settings, **{key: other.getsockname()[1]})


def test_a_segmenter_never_trained_is_a_sentence(settings: Settings) -> None:
    segmenters = {**settings.segmenters, "tears": settings.segmenters["toy_tiers"]}
    assert "tears" in _refused(settings.model_copy(update={"segmenters": segmenters}))


def test_logs_are_json_lines(gateway: GatewayProcess) -> None:
    os.kill(gateway.workers()[0].pid, signal.SIGKILL)
    until(gateway.said)
    [line] = gateway.said().splitlines()
    assert json.loads(line)["event"] == "worker died and is replaced"
