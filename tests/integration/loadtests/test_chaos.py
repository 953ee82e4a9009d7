"""The proof of chaos, short and on a toy home; and what it calls wrong."""

from __future__ import annotations

import asyncio
import json
import signal
from collections import Counter
from pathlib import Path

import pytest
from redis_process import require_redis
from registry_files import windowed_message
from toy_home import add_view, make_home

from loadtests.chaos.faults import Act, Fault
from loadtests.chaos.report import print_chaos
from loadtests.chaos.scenes import Scene, Trial
from loadtests.chaos.trial import Outcome, document_of, faults_of, run_chaos, wrong_of
from loadtests.chaos.watchers import judge_by
from loadtests.chaos.world import World
from loadtests.slow_proxy import Delay, slowed
from strata.errors import StrataError
from strata.v1 import segmentation_pb2 as pb

pytestmark = [pytest.mark.integration, pytest.mark.timeout(240)]
USERS = {f"u{n}": (n % 11, float(n % 11), n % 4) for n in range(120)}
SHORT = 0.6


def run(tmp_path: Path, trial: Trial) -> dict[str, object]:
    settings = make_home(tmp_path / "platform", USERS)
    add_view(settings.registry, windowed_message())
    (tmp_path / "proof").mkdir()
    outcome = run_chaos(settings, trial, tmp_path / "proof", list(USERS), lambda _: None)
    document: dict[str, object] = json.loads(json.dumps(document_of(trial, outcome)))
    print_chaos(document)
    standing, living = faults_of(trial)
    played = {scene.fault.partition(",")[0] for scene in outcome.scenes}
    assert played == {fault.name for fault in standing} | set(living)
    assert all(scene.during["calls"] for scene in outcome.scenes)
    assert outcome.users == len(USERS)
    return document


def test_on_lmdb_no_fault_brings_a_wrong_answer(tmp_path: Path) -> None:
    """A worker, the disks, a package, the file itself, the clock: each is made, and mended."""
    document = run(tmp_path, Trial("lmdb", 1, 1, SHORT))
    assert document["wrong"] == {}
    scenes = {scene["fault"]: scene["during"] for scene in document["scenes"]}  # type: ignore[attr-defined]
    assert scenes["damaged package promoted"]["promotion FAILED_PRECONDITION"] == 1
    assert scenes["disk full under the log"]["publish UNAVAILABLE"] > 0
    for setting in ("+1 h", "-1 h", "right again"):
        assert scenes[f"clock jumped, {setting}"]["event 60 s ahead: invalid"] == 1


def test_on_redis_and_a_bento_no_fault_brings_a_wrong_answer(tmp_path: Path) -> None:
    """Callers get what was last known or the fallback, and are told so, within their deadline."""
    require_redis()
    only = (
        "redis killed",
        "redis paused",
        "redis emptied",
        "redis restarted empty",
        "redis slowed to 200 ms",
        "bento killed",
        "bento slowed to 500 ms",
    )
    document = run(tmp_path, Trial("redis", 1, 1, SHORT, only))
    assert document["wrong"] == {}
    scenes = {scene["fault"]: scene["during"] for scene in document["scenes"]}  # type: ignore[attr-defined]
    for fault in only:
        assert scenes[fault].get("last_known", 0) + scenes[fault].get("fallback", 0) > 0, fault


def _signalled(number: int) -> Act:
    def send(world: World) -> None:
        for worker in world.gateway.workers():
            worker.send_signal(number)

    return send


def test_a_gateway_that_hangs_is_wrong(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its callers give up at their deadlines, so that no answer is wrong and no call is late: they are counted."""
    hang = Fault("gateway paused", _signalled(signal.SIGSTOP), _signalled(signal.SIGCONT), ("lmdb",))
    monkeypatch.setattr("loadtests.chaos.trial.FAULTS", (hang,))
    document = run(tmp_path, Trial("lmdb", 1, 1, 1.0, (hang.name,)))
    assert any("ended with DEADLINE_EXCEEDED, 1% may" in name for name in document["wrong"])  # type: ignore[attr-defined]


def one(**fields: object) -> pb.Assignment:
    return pb.Assignment(segmenter="tiers", segment="high", **fields)  # type: ignore[arg-type]


LIVE, KNOWN, FALLBACK = (
    pb.ASSIGNMENT_SOURCE_LIVE, pb.ASSIGNMENT_SOURCE_LAST_KNOWN, pb.ASSIGNMENT_SOURCE_FALLBACK,
)  # fmt: skip
REASON = pb.DEGRADATION_REASON_FEATURES_UNAVAILABLE


@pytest.mark.parametrize(
    ("found", "segment", "outcome"),
    [
        (one(source=LIVE), "high", "live"),
        (one(source=LIVE), "low", "wrong: another segment"),
        (one(source=LIVE, degradation=REASON), "high", "wrong: live and degraded"),
        (one(source=KNOWN, degradation=REASON, last_known_age={"seconds": 1}), "high", "last_known"),
        (one(source=KNOWN, degradation=REASON, last_known_age={"seconds": 1}), "low", "wrong: another segment"),
        (one(source=KNOWN, degradation=REASON), "high", "wrong: stale, and no age"),
        (one(source=KNOWN, last_known_age={"seconds": 1}), "high", "wrong: not live, and no reason"),
        (one(source=FALLBACK, degradation=REASON), "low", "fallback"),
        (one(source=FALLBACK), "low", "wrong: not live, and no reason"),
        (one(source=FALLBACK, degradation=pb.DEGRADATION_REASON_UNKNOWN_USER), "low", "wrong: a known user is unknown"),
        (one(degradation=REASON), "low", "wrong: no source"),
        (one(source=LIVE, feature_age={"seconds": -1}), "high", "wrong: a negative age"),
        (one(source=LIVE, score=1.5), "high", "wrong: a score outside 0 to 1"),
    ],
)
def test_what_an_answer_is(found: pb.Assignment, segment: str, outcome: str) -> None:
    """Each way to be right, and each way to be wrong."""
    judge = judge_by({"ann": {"tiers": segment}})
    assert judge("ann", pb.GetSegmentsResponse(assignments=[found])) == [outcome]


def test_wrong_answers_are_counted_over_all_faults() -> None:
    """During one and after it."""
    scenes = [Scene("a", Counter({"live": 3, "wrong: x": 1}), Counter({"wrong: x": 2, "wrong: y": 1}), 0.1)]
    assert wrong_of(Outcome(scenes=scenes)) == {"wrong: x": 3, "wrong: y": 1}


def test_a_fault_that_there_is_not_is_a_sentence() -> None:
    """With those that there are."""
    with pytest.raises(
        StrataError, match="no fault of a world on lmdb is called redis killed; there are: worker killed"
    ):
        faults_of(Trial("lmdb", 1, 1, 1.0, ("redis killed",)))


async def test_a_proxy_that_is_made_quick_again_keeps_the_order() -> None:
    """Whatever the delay was when a chunk came: what was sent first arrives first."""
    sent = b"".join(bytes([n]) * 100 for n in range(200))
    delay = Delay(0.05)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)
        for begin in range(0, len(sent), 100):
            delay.seconds = (0.05, 0.0, 0.02)[begin // 100 % 3]
            writer.write(sent[begin : begin + 100])
            await writer.drain()
            await asyncio.sleep(0.001)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    with slowed(f"127.0.0.1:{server.sockets[0].getsockname()[1]}", delay) as address:
        host, _, port = address.rpartition(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(b"x")
        assert await reader.readexactly(len(sent)) == sent
        writer.close()
    server.close()
