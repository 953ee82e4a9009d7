"""When workers are replaced, numbers added up, ports claimed, logs held back."""

from __future__ import annotations

import errno
import json
import logging
import os
import resource
import socket
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import grpc
import pytest
from prometheus_client import CollectorRegistry, generate_latest

from serving import supervisor
from serving.gateway import _served
from serving.json_logs import JsonFormatter, Repeats
from serving.metrics.families import families
from serving.metrics.heartbeat import Heartbeat, open_heartbeat
from serving.metrics.meters import MethodMeter
from serving.metrics.page import WorkersCollector
from serving.metrics.recorder import Recorder
from serving.metrics.seen_files import HEARTBEAT, beside
from serving.metrics.shared_numbers import Layout, create_numbers, map_numbers
from serving.metrics.version_numbers import OTHERS_KEPT, VersionNumbers, version_recorder
from serving.one_gateway import one_gateway
from serving.order import WorkerOrder
from serving.port_claim import claim_port
from serving.releases.applied import Applied, write_applied
from serving.releases.office import ReleaseOffice
from serving.replacement import FIRST_PAUSE_S, SHORT_LIFE_S, SHORT_LIVES, Replacement
from strata.errors import AlreadyRunning
from strata.release import Change, promote, with_segmenter
from strata.settings import Settings


def test_a_worker_that_served_a_while_is_replaced_at_once() -> None:
    replacement = Replacement()
    assert [replacement.pause_s(SHORT_LIFE_S) for _ in range(100)] == [FIRST_PAUSE_S] * 100
    assert not replacement.hopeless


def test_short_lives_are_spaced_out_and_then_given_up() -> None:
    """A sound life in between begins the count anew."""
    replacement = Replacement()
    pauses = [replacement.pause_s(0.0) for _ in range(SHORT_LIVES - 1)]
    assert pauses == sorted(pauses)
    assert not replacement.hopeless
    replacement.pause_s(SHORT_LIFE_S)
    for _ in range(SHORT_LIVES):
        replacement.pause_s(0.0)
    assert replacement.hopeless


class SeenWorker:
    """A WorkerProcess that answers at once and ends when it is killed."""

    made: ClassVar[list[SeenWorker]] = []
    told: ClassVar[str] = ""
    """Why those made from now on refuse to serve; `no memory`: they cannot even be made."""

    def __init__(self, order: WorkerOrder, began_s: float) -> None:
        if self.told == "no memory":
            raise OSError(errno.ENOMEM, "Cannot allocate memory")
        self.refusal = self.told
        self.began_s: float = began_s
        self.ready_s: float | None = None if self.refusal else began_s
        self.pid, self.ended = 1_000 + len(self.made), bool(self.refusal)
        self.made.append(self)

    def look(self, now_s: float) -> None:
        return

    def kill(self) -> None:
        self.ended = True

    def how_it_ended(self) -> str:
        return "signal SIGKILL"

    def close(self) -> None:
        return


def test_a_worker_that_hangs_is_replaced_but_not_after_a_machine_slept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that beats again within the looks keeps its place."""
    monkeypatch.setattr(supervisor, "WorkerProcess", SeenWorker)
    monkeypatch.setattr(SeenWorker, "made", [])
    order = WorkerOrder(Settings(home=tmp_path), 0, tmp_path / "numbers-000.bin", -1)
    keeper = supervisor.Supervisor([order], 1.0, lambda: None)
    keeper.step(0.0)
    [first] = SeenWorker.made
    heart = beside(order.numbers, HEARTBEAT)
    monkeypatch.setattr("os.getpid", lambda: first.pid)
    beats = Heartbeat(open_heartbeat(heart), 0.0)
    for look in range(supervisor.HANG_LOOKS - 1):
        keeper.step(supervisor.HANG_S + 1.0 + look / 10)
    beats.beat(0.0, 14.0)  # it slept with the machine
    for look in range(supervisor.HANG_LOOKS * 2):
        keeper.step(14.0 + look / 10)
    assert not first.ended
    for look in range(supervisor.HANG_LOOKS):
        assert not first.ended
        keeper.step(14.1 + supervisor.HANG_S + look / 10)
    assert first.ended
    keeper.step(60.0)
    keeper.step(61.0)
    assert len(SeenWorker.made) == 2
    assert keeper.restarts == 1


def _two_seats(folder: Path, monkeypatch: pytest.MonkeyPatch) -> supervisor.Supervisor:
    """Two workers that answer."""
    monkeypatch.setattr(supervisor, "WorkerProcess", SeenWorker)
    monkeypatch.setattr(SeenWorker, "made", [])
    monkeypatch.setattr(SeenWorker, "told", "")
    orders = [WorkerOrder(Settings(home=folder), slot, folder / f"numbers-{slot:03}.bin", -1) for slot in (0, 1)]
    keeper = supervisor.Supervisor(orders, 1.0, lambda: None)
    keeper.step(0.0)
    keeper.step(0.1)
    assert keeper.alive() == 2
    return keeper


def test_a_replacement_that_refuses_is_tried_again_while_another_worker_answers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever serves goes on; with nobody left the sentence ends the gateway."""
    keeper = _two_seats(tmp_path, monkeypatch)
    sound, other = SeenWorker.made
    other.kill()
    SeenWorker.told = "toy_promo: model.txt is not the file the manifest lists"
    for look in range(100):  # ten seconds
        keeper.step(1.0 + look / 10)
    assert not sound.ended
    assert keeper.alive() == 1
    assert len(SeenWorker.made) == 2 + 2  # at once, and once more five seconds later
    SeenWorker.told = ""
    keeper.step(30.0)
    keeper.step(30.1)
    assert keeper.alive() == 2
    SeenWorker.told = "toy_promo: model.txt is not the file the manifest lists"
    for each in SeenWorker.made:
        each.kill()
    keeper.step(60.0)
    keeper.step(66.0)
    with pytest.raises(supervisor.GatewayFailed, match=r"model\.txt is not the file"):
        keeper.step(66.1)


def test_a_worker_that_cannot_be_started_for_want_of_memory_is_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = _two_seats(tmp_path, monkeypatch)
    SeenWorker.made[1].kill()
    SeenWorker.told = "no memory"
    keeper.step(11.0)
    keeper.step(11.2)
    assert keeper.alive() == 1
    SeenWorker.told = ""
    keeper.step(30.0)
    assert keeper.alive() == 2


def _worker(folder: Path, name: str, layout: Layout) -> Path:
    path = folder / name
    create_numbers(path, layout)
    return path


def test_the_page_adds_up_workers_and_keeps_what_a_dead_one_counted(tmp_path: Path) -> None:
    """A replacement counts on in the file of the worker it replaces."""
    layout = Layout(families())
    paths = [_worker(tmp_path, name, layout) for name in ("a", "b")]
    views = [map_numbers(path, layout) for path in paths]
    for path, seconds in ((paths[0], 0.0004), (paths[1], 3.0), (paths[1], 0.0001)):
        recorder = Recorder(map_numbers(path, layout), layout)  # a process of its own each time
        recorder.histogram("strata_request_seconds", "GetSegments").observe(seconds)
        recorder.add(recorder.position("strata_requests", "GetSegments", "OK"))
    registry = CollectorRegistry()
    registry.register(WorkersCollector(layout, views, alive=lambda: 2, restarts=lambda: 1))
    page = generate_latest(registry).decode()
    assert 'strata_requests_total{code="OK",method="GetSegments"} 3.0' in page
    assert 'strata_request_seconds_bucket{le="0.0001",method="GetSegments"} 1.0' in page
    assert 'strata_request_seconds_bucket{le="0.0005",method="GetSegments"} 2.0' in page
    assert 'strata_request_seconds_bucket{le="+Inf",method="GetSegments"} 3.0' in page
    assert 'strata_request_seconds_sum{method="GetSegments"} 3.0005' in page
    assert "strata_worker_restarts_total 1.0" in page
    assert "strata_workers 2.0" in page


def test_a_code_nobody_here_gives_is_counted_as_unknown(tmp_path: Path) -> None:
    """It comes from whoever a call was handed on to, and every method's codes are told at zero before they happen."""
    layout = Layout(families())
    view = map_numbers(_worker(tmp_path, "a", layout), layout)
    MethodMeter(Recorder(view, layout), "PublishEvents").ended(grpc.StatusCode.UNIMPLEMENTED, 0.5)
    registry = CollectorRegistry()
    registry.register(WorkersCollector(layout, [view], alive=lambda: 1, restarts=lambda: 0))
    count = {
        code: registry.get_sample_value("strata_requests_total", {"method": "PublishEvents", "code": code})
        for code in ("UNKNOWN", "OK")
    }
    assert count == {"UNKNOWN": 1.0, "OK": 0.0}


def _count_live(folder: Path, slot: int, name: str, version: str, at_s: int) -> None:
    """An answer by a version that is taken up then."""
    recorder = version_recorder(folder, slot, name, version)
    recorder.add(recorder.position("strata_assignments", name, version, "live", "none"))
    for path in folder.glob(f"version-{slot:03d}-{version}-*"):
        os.utime(path, (at_s, at_s))


def _live(found: Mapping[tuple[str, str], list[float]]) -> dict[tuple[str, str], float]:
    """Answers by version: the first number of a version's."""
    return {version: numbers[0] for version, numbers in found.items()}


def test_versions_of_long_ago_leave_the_page(tmp_path: Path) -> None:
    """Served ones stay however old they are, and of each segmenter the 20 others taken up last, with what all workers
    counted; a version that is gone counts from nothing when it comes back."""
    versions = [f"{number:012x}" for number in range(OTHERS_KEPT + 5)]
    for number, version in enumerate(versions):
        for slot in (0, 1):
            _count_live(tmp_path, slot, "tiers", version, at_s=number)
    _count_live(tmp_path, 0, "promo", versions[0], at_s=0)
    page = VersionNumbers(tmp_path, lambda: {("tiers", versions[0])})
    kept = {("tiers", version): 2.0 for version in (versions[0], *versions[-OTHERS_KEPT:])}
    assert _live(page.read()) == {**kept, ("promo", versions[0]): 1.0}
    assert len(list(tmp_path.iterdir())) == 2 * len(kept) + 1
    _count_live(tmp_path, 0, "tiers", versions[1], at_s=100)
    again = _live(page.read())
    assert again["tiers", versions[1]] == 1.0
    assert ("tiers", versions[5]) not in again


def test_taking_a_version_up_again_makes_it_the_newest(tmp_path: Path) -> None:
    """Whatever it counted long ago goes on."""
    versions = [f"{number:012x}" for number in range(OTHERS_KEPT + 1)]
    for number, version in enumerate(versions):
        _count_live(tmp_path, 0, "tiers", version, at_s=number)
    version_recorder(tmp_path, 0, "tiers", versions[0])
    found = VersionNumbers(tmp_path, set).read()
    assert set(found) == {("tiers", version) for version in versions if version != versions[1]}


def test_no_two_series_of_the_page_have_the_same_labels(tmp_path: Path) -> None:
    """While two versions of a segmenter answer: Prometheus would keep one of the two and drop the other."""
    layout = Layout(families())
    for version in ("0123456789ab", "123456789abc"):
        _count_live(tmp_path, 0, "tiers", version, at_s=0)
    read = VersionNumbers(tmp_path, set).read
    view = map_numbers(_worker(tmp_path, "a", layout), layout)
    collector = WorkersCollector(layout, [view], alive=lambda: 1, restarts=lambda: 0, versions=read)
    series = [
        (sample.name, *sorted(sample.labels.items())) for metric in collector.collect() for sample in metric.samples
    ]
    assert len(series) == len(set(series))


def test_a_version_a_worker_still_answers_by_is_served(tmp_path: Path) -> None:
    """Releases come faster than one of the workers takes them up."""
    settings = Settings(home=tmp_path)
    office = ReleaseOffice(settings)
    versions = [f"{number:012x}" for number in range(6)]
    office.log.append(
        Change("start", "tiers", "ann", "a test"), lambda held: with_segmenter(held, "tiers", versions[0])
    )
    for version in versions[1:]:
        office.log.append(
            Change("promote", "tiers", "ann", "a test"), lambda held, version=version: promote(held, "tiers", version)
        )
    assert _served(office) == {("tiers", versions[5]), ("tiers", versions[4])}
    folder = settings.run / "gateway"
    folder.mkdir(parents=True)
    with one_gateway(settings):
        for worker, serial in ((0, 6), (1, 4)):
            write_applied(folder, Applied(worker, serial))
        assert _served(office) == {("tiers", version) for version in versions[2:]}


def test_numbers_without_room_leave_nothing_behind(tmp_path: Path) -> None:
    """A short file could never be mapped, and would keep the next attempt, and every replacement, from counting."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64, before[1]))  # EFBIG, after 64 bytes: as a disk that fills up
    try:
        with pytest.raises(OSError, match="File too large"):
            version_recorder(tmp_path, 0, "tiers", "0123456789ab")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert list(tmp_path.iterdir()) == []
    recorder = version_recorder(tmp_path, 0, "tiers", "0123456789ab")
    recorder.add(recorder.position("strata_shadow_seconds", "tiers", "0123456789ab"))


def test_a_port_someone_listens_on_is_refused_though_it_could_be_shared() -> None:
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(AlreadyRunning, match="STRATA_GATEWAY__PORT"):
            claim_port("127.0.0.1", other.getsockname()[1])


def test_a_claimed_port_can_be_listened_on_by_workers() -> None:
    with claim_port("127.0.0.1", 0) as held, socket.socket() as worker:
        worker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        worker.bind(held.getsockname())
        worker.listen()


def _record(message: str) -> logging.LogRecord:
    return logging.LogRecord("strata", logging.WARNING, "", 0, message, None, None)


def test_a_log_line_is_one_json_object() -> None:
    record = _record("worker died")
    record.fields = {"pid": 7}
    line = json.loads(JsonFormatter().format(record))
    assert (line["event"], line["level"], line["pid"]) == ("worker died", "warning", 7)


def test_a_message_that_repeats_is_held_back_and_counted() -> None:
    now_s = [0.0]
    repeats = Repeats(monotonic=lambda: now_s[0])
    assert [repeats.filter(_record("a")) for _ in range(4)] == [True, False, False, False]
    assert repeats.filter(_record("b"))
    now_s[0] = 1.0
    record = _record("a")
    assert repeats.filter(record)
    assert record.fields == {"held_back": 3}
