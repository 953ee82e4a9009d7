"""Releases on a running gateway of two workers: under load, with bad packages, and over restarts."""

from __future__ import annotations

import http.client
import json
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from gateway_process import GatewayProcess, until
from google.rpc import error_details_pb2, status_pb2
from toy_home import NOW_US, SPEC, make_home, write_registry
from toy_package import write_toy_tiers

from strata.features.facts import encode_row
from strata.features.plan import compile_view
from strata.features.spec import view_spec
from strata.registry.v1 import feast_registry_pb2 as fpb
from strata.release import ReleaseLog
from strata.runtime import FeatureInput, write_package
from strata.runtime.manifest import parse_manifest
from strata.settings import Settings
from strata.state import open_state
from strata.v1 import release_pb2 as rpb
from strata.v1 import segmentation_pb2 as pb
from strata.v1.release_pb2_grpc import ReleaseServiceStub

pytestmark = pytest.mark.integration
NOBODY = 300
USERS = {f"u{n}": (n % 11, float(n % 11), n % 4) for n in range(NOBODY)}


def add_version(settings: Settings, description: str, *, upside_down: bool = False) -> str:
    """Another version of toy_tiers; one that is upside down calls the low ones high."""
    scratch = settings.home / "scratch"
    folder = write_toy_tiers(scratch, description=description)
    manifest = parse_manifest((folder / "manifest.json").read_bytes())
    model = dict(manifest.model)
    if upside_down:
        model["centroids"] = model["centroids"][::-1]  # type: ignore[index]
    files = {name: (folder / name).read_bytes() for name in manifest.files}
    changed = replace(manifest, view_fingerprints={"toy": SPEC.fingerprint}, model=model)
    return write_package(settings.packages, changed, files)[1].name


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return make_home(tmp_path / "home", USERS)


@pytest.fixture
def gateway(settings: Settings) -> Iterator[GatewayProcess]:
    # Admission may refuse a batch on a machine whose workers wait for one another; releases may fail nothing.
    made = GatewayProcess(settings, workers=2, admission=False)
    made.wait_until_ready()
    yield made
    made.end()


@pytest.fixture
def releases(gateway: GatewayProcess) -> Iterator[Any]:
    with grpc.insecure_channel(gateway.addresses["grpc"]) as channel:
        yield ReleaseServiceStub(channel)  # type: ignore[no-untyped-call]


def change(why: str = "a test", segmenter: str = "toy_tiers", **more: Any) -> rpb.ReleaseChange:
    return rpb.ReleaseChange(segmenter=segmenter, who="ann", why=why, **more)


def tiers(release: rpb.Release) -> rpb.ReleasedVersions:
    return next(each for each in release.segmenters if each.segmenter == "toy_tiers")


class Load:
    """Callers that ask for one user after the other, single and in batches, and note what they see."""

    def __init__(self, gateway: GatewayProcess) -> None:
        self._gateway, self._stop = gateway, threading.Event()
        self.failures: list[str] = []
        self.versions: Counter[str] = Counter()
        self.calls = 0
        self._threads = [threading.Thread(target=self._ask, args=(number,)) for number in range(4)]

    def __enter__(self) -> Load:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *exit_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join()

    def _ask(self, number: int) -> None:
        stub, channel = self._gateway.fresh_stub()
        users = list(USERS)
        at = number
        while not self._stop.is_set():
            at = (at + 7) % len(users)
            try:
                if number == 0:
                    batch = stub.BatchGetSegments(pb.BatchGetSegmentsRequest(user_ids=users[:100]), timeout=2)
                    live = all(source == pb.ASSIGNMENT_SOURCE_LIVE for c in batch.columns for source in c.sources)
                else:
                    reply = stub.GetSegments(pb.GetSegmentsRequest(user_id=users[at]), timeout=2)
                    live = all(each.source == pb.ASSIGNMENT_SOURCE_LIVE for each in reply.assignments)
                    self.versions[reply.assignments[0].version] += 1
                if not live:
                    self.failures.append("an answer was not live")
            except grpc.RpcError as error:
                self.failures.append(str(error.code()))
            self.calls += 1
        channel.close()


def test_everything_about_releases_under_load_fails_no_call(
    gateway: GatewayProcess, releases: Any, settings: Settings
) -> None:
    """Promote, canary, grow it, shadow, roll back: every call is answered live, by a version that is released."""
    first = tiers(releases.GetRelease(rpb.GetReleaseRequest()).release).live
    second, third = add_version(settings, "second"), add_version(settings, "third", upside_down=True)
    with Load(gateway) as load:
        until(lambda: load.calls > 100)
        assert tiers(releases.Promote(rpb.PromoteRequest(change=change(), version=second)).release).live == second
        after = sum(load.versions.values())
        until(lambda: sum(load.versions.values()) > after + 50)
        releases.SetCanary(rpb.SetCanaryRequest(change=change(), version=third, share=0.2))
        releases.SetShadow(rpb.SetShadowRequest(change=change(), version=first))
        releases.SetCanary(rpb.SetCanaryRequest(change=change(), version=third, share=0.5))
        after = sum(load.versions.values())
        until(lambda: sum(load.versions.values()) > after + 200)
        began = time.monotonic()
        ended = releases.RollBack(rpb.RollBackRequest(change=change("too many are low")))
        rolled_back_s = time.monotonic() - began
        assert (tiers(ended.release).live, tiers(ended.release).canary) == (second, "")
        began = time.monotonic()
        assert tiers(releases.RollBack(rpb.RollBackRequest(change=change())).release).live == first
        canary_ended_s, rolled_back_s = rolled_back_s, time.monotonic() - began
        after = sum(load.versions.values())
        until(lambda: sum(load.versions.values()) > after + 50)
    assert load.failures == []
    assert load.versions.keys() == {first, second, third}
    print(f"rolled back in {canary_ended_s:.3f} and {rolled_back_s:.3f} s; {load.calls} calls, none failed")
    assert max(canary_ended_s, rolled_back_s) < 1.0  # what is promised
    listed = releases.ListReleases(rpb.ListReleasesRequest(page_size=3)).releases
    assert [each.action for each in listed] == ["roll_back", "roll_back", "canary"]
    assert (listed[1].who, listed[1].why, listed[1].before.canary) == ("ann", "too many are low", third)


def test_a_canary_answers_for_its_share_always_the_same_users(
    gateway: GatewayProcess, releases: Any, settings: Settings
) -> None:
    """On both workers, alone and in a batch, and whoever was in a smaller share stays in a larger one."""
    live, canary = tiers(releases.GetRelease(rpb.GetReleaseRequest()).release).live, add_version(settings, "canary")
    stub, channel = gateway.fresh_stub()
    before: set[str] = set()
    users = [f"anybody-{number}" for number in range(1_000)]
    for share in (0.1, 0.4, 1.0):
        releases.SetCanary(rpb.SetCanaryRequest(change=change(), version=canary, share=share))
        column = stub.BatchGetSegments(pb.BatchGetSegmentsRequest(user_ids=users, segmenters=["toy_tiers"])).columns[0]
        by_canary = {users[position] for position in column.canary_user_indexes}
        if share == 1.0:  # then it answers for everybody, and is the column's version
            by_canary = set(users) if column.version == canary else by_canary
        assert before <= by_canary
        assert abs(len(by_canary) / len(users) - share) < 0.04
        for user in users[:60]:
            for other, close in (gateway.fresh_stub() for _ in range(2)):
                found = other.GetSegments(pb.GetSegmentsRequest(user_id=user, segmenters=["toy_tiers"])).assignments[0]
                assert found.version == (canary if user in by_canary else live)
                close.close()
        before = by_canary
    channel.close()


def test_a_bad_package_never_takes_traffic(gateway: GatewayProcess, releases: Any, settings: Settings) -> None:
    """Damaged before it is promoted: refused, not logged. Damaged where the workers load it: the old one answers on,
    and after a restart too."""
    live = tiers(releases.GetRelease(rpb.GetReleaseRequest()).release).live
    cut, other = add_version(settings, "cut"), add_version(settings, "other")
    manifest = settings.packages / "toy_tiers" / cut / "manifest.json"
    manifest.write_bytes(manifest.read_bytes()[:-20])
    with pytest.raises(grpc.RpcError) as refused:
        releases.Promote(rpb.PromoteRequest(change=change(), version=cut))
    assert (refused.value.code(), reason_of(refused.value)) == (
        grpc.StatusCode.FAILED_PRECONDITION, "PACKAGE_INVALID",
    )  # fmt: skip
    assert releases.GetRelease(rpb.GetReleaseRequest()).release.serial == 2
    # Logged by a program that checked nothing.
    ReleaseLog(settings.releases).append(*unchecked(cut))
    until(lambda: all(each.refusal for each in releases.GetRelease(rpb.GetReleaseRequest()).workers))
    stub, channel = gateway.fresh_stub()
    assert stub.GetSegments(pb.GetSegmentsRequest(user_id="u5")).assignments[0].version == live
    gateway.workers()[0].kill()
    until(lambda: len(gateway.workers()) == 2)
    for _ in range(20):
        fresh, close = gateway.fresh_stub()
        assert (
            fresh.GetSegments(pb.GetSegmentsRequest(user_id="u5"), timeout=10, wait_for_ready=True)
            .assignments[0]
            .version
            == live
        )
        close.close()
    assert tiers(releases.Promote(rpb.PromoteRequest(change=change(), version=other)).release).live == other
    channel.close()


def add_visits(settings: Settings) -> str:
    """What `features apply`, `features materialize visits` and `train toy_tiers` leave, after view `visits` was put
    into the service: a version to which whoever has ten visits is high, whatever else."""
    visits = view_spec("visits", "row", [("visits", "int64", {})])
    registry = fpb.Registry.FromString(settings.registry.read_bytes())
    view = registry.feature_views.add().spec
    view.name, view.tags["strata.kind"] = "visits", "row"
    view.features.add(name="visits", value_type=4)
    service = next(each.spec for each in registry.feature_services if each.spec.name == "toy_tiers")
    service.features.add(feature_view_name="visits").feature_columns.add(name="visits")
    settings.registry.write_bytes(registry.SerializeToString())
    with open_state(settings.state) as state, state.begin_generation("visits") as generation:
        row = encode_row(compile_view(visits), (10,), NOW_US, NOW_US)
        generation.put([(user, row) for user in sorted(USERS)])
        generation.commit(NOW_US)
    manifest = parse_manifest((write_toy_tiers(settings.home / "scratch") / "manifest.json").read_bytes())
    scale = {"missing": 0.0, "knots": [0.0, 10.0], "levels": [0.0, 10.0]}
    centroids = [[0.0, 0.0, 0.0], [5.0, 5.0, 0.0], [5.0, 5.0, 10.0]]
    changed = replace(
        manifest,
        features=(*manifest.features, FeatureInput("visits", "visits", "int64")),
        view_fingerprints={"toy": SPEC.fingerprint, "visits": visits.fingerprint},
        model={"format": "kmeans/1", "scales": [scale] * 3, "centroids": centroids},
    )
    files = {"evaluation.html": b"<p>toy</p>"}
    return write_package(settings.packages, changed, files)[1].name


def test_a_version_of_changed_definitions_is_served_without_a_restart(
    gateway: GatewayProcess, releases: Any, settings: Settings
) -> None:
    """By every worker, its new feature read; and gone back from, also while the registry cannot be read."""
    first = tiers(releases.GetRelease(rpb.GetReleaseRequest()).release).live
    with Load(gateway) as load:
        until(lambda: load.calls > 50)
        second = add_visits(settings)
        assert tiers(releases.Promote(rpb.PromoteRequest(change=change(), version=second), timeout=20).release).live
        assert [each.serial for each in releases.GetRelease(rpb.GetReleaseRequest()).workers] == [3, 3]
        after = load.versions[second]
        until(lambda: load.versions[second] > after + 50)
    assert load.failures == []
    for _ in range(8):
        assert answer_of(gateway, "u5") == (second, "high", pb.ASSIGNMENT_SOURCE_LIVE)
    settings.registry.write_bytes(b"")
    with pytest.raises(grpc.RpcError) as refused:
        releases.SetShadow(rpb.SetShadowRequest(change=change(), version=first))
    assert (refused.value.code().name, reason_of(refused.value)) == ("FAILED_PRECONDITION", "REGISTRY_INVALID")
    releases.RollBack(rpb.RollBackRequest(change=change()), timeout=20)
    for _ in range(8):
        assert answer_of(gateway, "u5") == (first, "middle", pb.ASSIGNMENT_SOURCE_LIVE)
    write_registry(settings.registry, tiers_order=("orders", "gone"))  # which view toy does not have
    with pytest.raises(grpc.RpcError) as refused:
        releases.SetShadow(rpb.SetShadowRequest(change=change(), version=second))
    assert (refused.value.code().name, reason_of(refused.value)) == ("FAILED_PRECONDITION", "PACKAGE_INVALID")


def answer_of(gateway: GatewayProcess, user: str) -> tuple[str, str, int]:
    """Its tier, asked on a connection of its own."""
    stub, channel = gateway.fresh_stub()
    found = stub.GetSegments(pb.GetSegmentsRequest(user_id=user, segmenters=["toy_tiers"]), timeout=5).assignments[0]
    channel.close()
    return found.version, found.segment, found.source


def test_the_release_outlives_the_gateway(settings: Settings) -> None:
    """A later start serves what was released, not what was trained last; one named in the settings is promoted."""
    second = add_version(settings, "second")
    third = add_version(settings, "third")
    served = []
    for version in ("latest", "latest", second):
        tiers_settings = settings.segmenters["toy_tiers"].model_copy(update={"version": version})
        chosen = settings.model_copy(update={"segmenters": {**settings.segmenters, "toy_tiers": tiers_settings}})
        gateway = GatewayProcess(chosen, workers=1)
        gateway.wait_until_ready()
        stub, channel = gateway.fresh_stub()
        served.append(stub.GetSegments(pb.GetSegmentsRequest(user_id="u5")).assignments[0].version)
        channel.close()
        gateway.end()
        add_version(settings, f"trained after {len(served)}")
    assert served == [third, third, second]
    newest = ReleaseLog(settings.releases).newest()
    assert newest is not None
    assert (newest.change.who, newest.change.why) == ("strata serve", "the settings name this version")


@pytest.mark.parametrize("how", ["ended", "killed"])
def test_without_a_gateway_a_change_waits_for_nobody(settings: Settings, how: str) -> None:
    """What its workers served says nothing any more; the next start serves the change."""
    gateway = GatewayProcess(settings, workers=1)
    gateway.wait_until_ready()
    [worker] = gateway.workers()
    if how == "killed":
        gateway.process.kill()
    gateway.end()
    until(lambda: not worker.is_running())
    left = list((settings.run / "gateway").glob("applied-*.json"))
    assert len(left) == (1 if how == "killed" else 0)
    version = add_version(settings, "while nothing runs")
    words = ("release", "promote", "toy_tiers", version, "--why", "ready", "--wait", "3")
    assert "logged; no gateway runs here" in strata(settings, *words).stdout
    assert "no gateway runs here" in strata(settings, "release", "show").stdout
    again = GatewayProcess(settings, workers=1)
    again.wait_until_ready()
    shown = json.loads(strata(settings, "release", "show", "--json").stdout)
    assert [each["serial"] for each in shown["workers"]] == [3]
    again.end()


def test_a_second_gateway_of_a_home_is_refused_and_changes_nothing(gateway: GatewayProcess, settings: Settings) -> None:
    """Whatever its ports are: it logs no release, and leaves the first one's files. The sentence names the first."""
    named = settings.segmenters["toy_tiers"].model_copy(update={"version": add_version(settings, "second")})
    pending = settings.predictions / "toy_tiers" / ".pending-w000-0.parquet"
    pending.parent.mkdir(parents=True, exist_ok=True)
    pending.touch()
    files = {path.name for path in (settings.run / "gateway").iterdir()}
    other = GatewayProcess(
        settings.model_copy(update={"segmenters": {**settings.segmenters, "toy_tiers": named}}), workers=1
    )
    try:
        other.process.wait(60)
    finally:
        code, said = other.end()
    assert code == 1
    assert f"already runs from {settings.home} (process {gateway.process.pid})" in " ".join(said.split())
    newest = ReleaseLog(settings.releases).newest()
    assert newest is not None
    assert newest.release.serial == 2
    assert pending.exists()
    assert files <= {path.name for path in (settings.run / "gateway").iterdir()}
    shown = json.loads(strata(settings, "release", "show", "--json").stdout)
    assert [each["serial"] for each in shown["workers"]] == [2, 2]


def test_the_command_does_what_the_service_does(gateway: GatewayProcess, settings: Settings) -> None:
    """And says what happened: for a person, for a program, and where it went wrong."""
    version = add_version(settings, "by hand")
    shown = json.loads(strata(settings, "release", "show", "--json").stdout)
    assert [each["serial"] for each in shown["workers"]] == [2, 2]
    done = strata(settings, "release", "shadow", "toy_tiers", version, "--why", "to compare", "--json")
    assert json.loads(done.stdout)["segmenters"]["toy_tiers"]["shadow"] == version
    stub, channel = gateway.fresh_stub()
    for number in range(200):
        stub.GetSegments(pb.GetSegmentsRequest(user_id=f"u{number}"))
    channel.close()
    until(lambda: shadow_scores(gateway, version) == {"agreed": 200.0})
    assert "served by 2 workers" in strata(settings, "release", "promote", "toy_tiers", version, "--why", "good").stdout
    assert "release 4, promote of toy_tiers by" in strata(settings, "release", "show").stdout
    assert "to compare" in strata(settings, "release", "history").stdout
    for words, sentence in (
        (("promote", "toy_tiers", version, "--why", "again"), "live already"),
        (("promote", "toy_tiers", "nothing", "--why", "x"), "has no version 'nothing'"),
        (("canary", "toy_tiers", "--why", "x"), "name a version, or say --end"),
        (("canary", "toy_tiers", "--end", "--why", "x"), "has no canary"),
        (("rollback", "nobody", "--why", "x"), "no segmenter is named 'nobody'"),
        (("rollback", "toy_tiers", "--serial", "3", "--why", "x"), "the release is number 4 by now, not 3"),
        (("shadow", "toy_tiers", "latest"), "of the release says why"),
    ):
        refused = strata(settings, "release", *words, check=False)
        assert refused.returncode in {1, 2}
        assert sentence in " ".join(refused.stderr.split())
        assert "Traceback" not in refused.stderr


@pytest.mark.parametrize(
    ("request_", "code", "reason"),
    [
        (rpb.PromoteRequest(version="latest"), "INVALID_ARGUMENT", "INVALID_REQUEST"),
        (rpb.PromoteRequest(change=change()), "INVALID_ARGUMENT", "INVALID_REQUEST"),
        (rpb.PromoteRequest(change=change(), version="x"), "FAILED_PRECONDITION", "PACKAGE_INVALID"),
        (rpb.PromoteRequest(change=change(segmenter="nobody"), version="x"), "NOT_FOUND", "SEGMENTER_NOT_FOUND"),
        (rpb.PromoteRequest(change=change(expected_serial=1), version="latest"), "ABORTED", "RELEASE_MOVED"),
        (rpb.SetCanaryRequest(change=change(), version="latest", share=1.5), "INVALID_ARGUMENT", "INVALID_REQUEST"),
        (rpb.SetCanaryRequest(change=change(), version="latest", share=float("nan")), "INVALID_ARGUMENT", ""),
        (rpb.SetCanaryRequest(change=change()), "INVALID_ARGUMENT", "INVALID_REQUEST"),
        (rpb.SetShadowRequest(change=change()), "INVALID_ARGUMENT", "INVALID_REQUEST"),
        (rpb.RollBackRequest(change=change()), "INVALID_ARGUMENT", "INVALID_REQUEST"),
        (rpb.ListReleasesRequest(page_size=-1), "INVALID_ARGUMENT", "INVALID_REQUEST"),
    ],
)
def test_each_refusal_has_its_code_and_reason(
    shared_gateway: GatewayProcess, request_: Any, code: str, reason: str
) -> None:
    """And nothing is logged."""
    method = type(request_).__name__.removesuffix("Request")
    with grpc.insecure_channel(shared_gateway.addresses["grpc"]) as channel:
        stub: Any = ReleaseServiceStub(channel)  # type: ignore[no-untyped-call]
        with pytest.raises(grpc.RpcError) as refused:
            getattr(stub, method)(request_, timeout=10)
        assert (refused.value.code().name, reason_of(refused.value)) == (code, reason or "INVALID_REQUEST")
        assert stub.GetRelease(rpb.GetReleaseRequest()).release.serial == 2


@pytest.fixture(scope="module")
def shared_gateway(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayProcess]:
    """With a second version of toy_tiers that is not live."""
    settings = make_home(tmp_path_factory.mktemp("shared") / "home", USERS)
    made = GatewayProcess(settings, workers=1)
    made.wait_until_ready()
    add_version(settings, "second")
    yield made
    made.end()


def reason_of(error: Any) -> str:
    raw = dict(error.trailing_metadata())["grpc-status-details-bin"]
    info = error_details_pb2.ErrorInfo()
    assert status_pb2.Status.FromString(raw).details[0].Unpack(info)
    return str(info.reason)


def unchecked(version: str) -> tuple[Any, Any]:
    from strata.release import Change, promote

    return Change("promote", "toy_tiers", "nobody", "unchecked"), lambda held: promote(held, "toy_tiers", version)


def shadow_scores(gateway: GatewayProcess, version: str) -> dict[str, float]:
    host, _, port = gateway.addresses["metrics"].rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.request("GET", "/metrics")
    page = connection.getresponse().read().decode()
    connection.close()
    found = {}
    for line in page.splitlines():
        if line.startswith("strata_shadow_scores_total") and version in line and not line.endswith(" 0.0"):
            found[line.split('outcome="')[1].split('"')[0]] = float(line.split()[-1])
    return found


def strata(settings: Settings, *words: str, check: bool = True) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "strata.command", "--settings", str(settings.home / "strata.yaml"), *words]
    done = subprocess.run(
        command, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin", "COLUMNS": "200"}
    )
    assert not check or done.returncode == 0, done.stderr
    return done
