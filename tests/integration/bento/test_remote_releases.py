"""Releases of a remote segmenter: a gateway and the keeper of Bento servers, together, under load."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import grpc
import pytest
from follower_process import FollowerProcess, until
from gateway_process import GatewayProcess
from toy_home import SPEC, make_home
from toy_package import write_toy_promo

from strata.runtime import write_package
from strata.runtime.manifest import parse_manifest
from strata.settings import Settings
from strata.v1 import release_pb2 as rpb
from strata.v1 import segmentation_pb2 as pb
from strata.v1.release_pb2_grpc import ReleaseServiceStub

pytestmark = [pytest.mark.integration, pytest.mark.timeout(180)]
NAME = "toy_promo"
USERS = {f"u{n}": (n % 11, float(n % 11), n % 4) for n in range(50)}


def add_version(settings: Settings, description: str) -> str:
    folder = write_toy_promo(settings.home / "scratch", description=description)
    manifest = parse_manifest((folder / "manifest.json").read_bytes())
    files = {name: (folder / name).read_bytes() for name in manifest.files}
    return write_package(settings.packages, replace(manifest, view_fingerprints={"toy": SPEC.fingerprint}), files)[
        1
    ].name


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    made = make_home(tmp_path / "home", USERS)
    remote = made.segmenters[NAME].model_copy(update={"placement": "remote"})
    return made.model_copy(update={"segmenters": {**made.segmenters, NAME: remote}})


@pytest.fixture
def follower(settings: Settings) -> Iterator[FollowerProcess]:
    with FollowerProcess(settings.home, NAME, STRATA_SEGMENTERS__TOY_PROMO__PLACEMENT="remote") as one:
        yield one


@pytest.fixture
def gateway(settings: Settings, follower: FollowerProcess) -> Iterator[GatewayProcess]:
    bento = settings.bento.model_copy(update={"grpc_port": follower.grpc_port})
    made = GatewayProcess(settings.model_copy(update={"bento": bento}), workers=2)
    made.wait_until_ready()
    yield made
    made.end()


def test_a_remote_version_is_promoted_tried_and_gone_back_to_under_load(
    settings: Settings, follower: FollowerProcess, gateway: GatewayProcess
) -> None:
    """Its server comes up, the old one answers until then, no call fails, and a rollback waits for nothing."""
    seen: Counter[str] = Counter()
    faults: list[str] = []
    stop = threading.Event()
    stub, channel = gateway.fresh_stub()

    def ask() -> None:
        while not stop.wait(0.002):
            for user in ("u1", "u2", "u3"):
                try:
                    reply = stub.GetSegments(pb.GetSegmentsRequest(user_id=user, segmenters=[NAME]), timeout=2)
                except grpc.RpcError as error:
                    faults.append(str(error))
                    continue
                seen[reply.assignments[0].version] += 1
                if reply.assignments[0].source != pb.ASSIGNMENT_SOURCE_LIVE:
                    faults.append(str(reply.assignments[0].degradation))

    def change(why: str) -> rpb.ReleaseChange:
        return rpb.ReleaseChange(segmenter=NAME, who="ann", why=why)

    first = (settings.packages / NAME / "LATEST").read_text().strip()
    until(lambda: _source(stub) == pb.ASSIGNMENT_SOURCE_LIVE)
    second = add_version(settings, "second")
    asking = threading.Thread(target=ask)
    asking.start()
    try:
        releases: Any = ReleaseServiceStub(channel)  # type: ignore[no-untyped-call]
        releases.Promote(rpb.PromoteRequest(change=change("better"), version=second), timeout=90)
        assert follower.described(second) == (NAME, second)
        before = seen[second]
        until(lambda: seen[second] > before + 30)
        began = time.monotonic()
        releases.RollBack(rpb.RollBackRequest(change=change("worse")), timeout=10)
        rolled_back_s = time.monotonic() - began
        before = seen[first]
        until(lambda: seen[first] > before + 30)
        releases.SetCanary(rpb.SetCanaryRequest(change=change("try"), version=second, share=0.5), timeout=30)
        canary = stub.BatchGetSegments(pb.BatchGetSegmentsRequest(user_ids=list(USERS), segmenters=[NAME])).columns[0]
        assert (canary.version, canary.canary_version) == (first, second)
        assert 10 <= len(canary.canary_user_indexes) <= 40
        assert set(canary.sources) == {pb.ASSIGNMENT_SOURCE_LIVE}
    finally:
        stop.set()
        asking.join()
        channel.close()
    print(f"rolled back in {rolled_back_s:.3f} s; {sum(seen.values())} calls")
    assert rolled_back_s < 1.0  # what is promised
    assert faults == []
    assert seen.keys() == {first, second}


def _source(stub: Any) -> Any:
    return stub.GetSegments(pb.GetSegmentsRequest(user_id="u1", segmenters=[NAME])).assignments[0].source
