"""Callers, missing values and heartbeats: counted in a worker, added up on the page, bounded."""

from __future__ import annotations

import os
import random
from pathlib import Path

import grpc
import numpy as np
import pytest
from prometheus_client import CollectorRegistry

from serving.adapters.silent import Unmetered
from serving.domain.assignments import Answer, Column, LiveAnswer, LiveAssignment
from serving.domain.features import UserRow, feature_rows
from serving.domain.segmenter import Placement, ScoreMeaning, SegmenterProfile
from serving.metrics.callers import MOST_CALLERS, Callers, open_caller_errors, open_callers
from serving.metrics.heartbeat import BEAT_S, WINDOW_S, Heartbeat, beat_age_s, lag_s, open_heartbeat
from serving.metrics.missing import ONE_IN, SampledMissing, open_missing
from serving.metrics.named_numbers import NAME_BYTES, NamedNumbers
from serving.metrics.process_use import process_use
from serving.metrics.seen_page import SeenCollector

NAN = float("nan")
INTERNAL, NOT_FOUND = grpc.StatusCode.INTERNAL, grpc.StatusCode.NOT_FOUND
PROFILE = SegmenterProfile(
    name="tiers", version="v1", description="", vocabulary=(), fallback_index=0, score_meaning=ScoreMeaning.MARGIN,
    feature_service="tiers", features=(("rfm", "orders"), ("rfm", "spend")), schema_fingerprint="", manifest_sha256="",
    placement=Placement.EMBEDDED, created_at_us=0,
)  # fmt: skip


class Page:
    """What a supervisor would show of a folder."""

    def __init__(self, folder: Path) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(SeenCollector(folder, monotonic=lambda: 100.0))

    def value(self, name: str, **labels: str) -> float | None:
        return self._registry.get_sample_value(name, labels)

    def caller_errors(self) -> dict[tuple[str, str], float]:
        return {
            (sample.labels["caller"], sample.labels["code"]): sample.value
            for metric in self._registry.collect()
            for sample in metric.samples
            if sample.name == "strata_caller_errors_total"
        }

    def callers(self) -> dict[str, float]:
        return {
            sample.labels["caller"]: sample.value
            for metric in self._registry.collect()
            for sample in metric.samples
            if sample.name == "strata_caller_requests_total"
        }


def _callers(folder: Path, worker: int) -> Callers:
    """Those of one worker."""
    return Callers(
        open_callers(folder / f"callers-{worker:03d}.bin"),
        open_caller_errors(folder / f"caller_errors-{worker:03d}.bin"),
    )


class AlwaysNow(random.Random):
    """Every answer is looked at."""

    def randint(self, a: int, b: int) -> int:
        return a


def test_a_replacement_goes_on_where_the_killed_one_was(tmp_path: Path) -> None:
    """Names and numbers are in the file; a name whose writing was cut short is written again."""
    path = tmp_path / "numbers.bin"
    killed = NamedNumbers(path, 4)
    place = killed.position("a", "b")
    assert place is not None
    killed.numbers[place] += 2.0
    killed._names[NAME_BYTES : NAME_BYTES + 5] = b'["hal'
    replacement = NamedNumbers(path, 4)
    assert replacement.position("a", "b") == place
    assert replacement.position("whole") == place + 1
    assert list(killed.items()) == [(("a", "b"), 2.0), (("whole",), 0.0)]


def test_a_full_file_and_a_long_name_have_no_place(tmp_path: Path) -> None:
    numbers = NamedNumbers(tmp_path / "numbers.bin", 2)
    assert [numbers.position(name) for name in ("x" * NAME_BYTES, "a", "b", "c", "a")] == [None, 0, 1, None, 0]


def test_every_block_of_the_file_is_there_from_the_start(tmp_path: Path) -> None:
    """On a disk that is full later a store into a hole would be SIGBUS."""
    for opened in (open_callers, open_caller_errors, open_missing, open_heartbeat):
        path = tmp_path / opened.__name__
        assert opened(path).shared
        assert path.stat().st_blocks * 512 >= path.stat().st_size > 0


def test_without_room_a_worker_counts_for_itself_and_the_page_goes_on(tmp_path: Path) -> None:
    """It answers as ever; its numbers are on the page from the next worker on that finds room."""
    page = Page(tmp_path)
    for worker in ("callers-000.bin", "heartbeat-000.bin"):
        (tmp_path / worker).symlink_to("/dev/full")
    errors = open_caller_errors(tmp_path / "caller-errors-000.bin")
    callers = Callers(open_callers(tmp_path / "callers-000.bin"), errors)
    callers.called([("x-strata-caller", "shop")])
    Heartbeat(open_heartbeat(tmp_path / "heartbeat-000.bin"), now_s=100.0)
    assert page.callers() == {}
    assert page.value("strata_worker_loop_lag_seconds", worker="0") is None
    assert beat_age_s(tmp_path / "heartbeat-000.bin", os.getpid(), 500.0) == 0.0
    (tmp_path / "callers-000.bin").unlink()
    Callers(open_callers(tmp_path / "callers-000.bin"), errors).called([])
    assert page.callers() == {"other": 0.0, "(unnamed)": 1.0}


def test_callers_are_counted_over_all_workers(tmp_path: Path) -> None:
    """By name; those that give none are together, and a caller is one series however many workers met it."""
    for worker in (0, 1):
        callers = _callers(tmp_path, worker)
        for metadata in ([("x-strata-caller", "shop")], [("user-agent", "x"), ("x-strata-caller", "shop")], []):
            callers.called(metadata)
    assert Page(tmp_path).callers() == {"other": 0.0, "(unnamed)": 2.0, "shop": 4.0}


def test_what_goes_wrong_is_counted_by_caller_and_code(tmp_path: Path) -> None:
    """Over all workers, under the name the call was counted by: whoever has no room among the 32 is `other`."""
    page = Page(tmp_path)
    for worker in (0, 1):
        callers = _callers(tmp_path, worker)
        for name, code in (("shop", NOT_FOUND), ("shop", NOT_FOUND), ("shop", INTERNAL), ("a b", INTERNAL)):
            callers.called([("x-strata-caller", name)])
            callers.failed([("x-strata-caller", name)], code)
        callers.called([])
        callers.failed([], INTERNAL)
    assert page.caller_errors() == {
        ("shop", "NOT_FOUND"): 4.0,
        ("shop", "INTERNAL"): 2.0,
        ("other", "INTERNAL"): 2.0,
        ("(unnamed)", "INTERNAL"): 2.0,
    }
    for number in range(MOST_CALLERS + 5):
        callers.called([("x-strata-caller", f"made-up-{number}")])
        callers.failed([("x-strata-caller", f"made-up-{number}")], INTERNAL)
    errors = page.caller_errors()
    assert len({name for name, _ in errors}) == MOST_CALLERS + 2
    assert sum(errors.values()) == 10.0 + MOST_CALLERS + 5
    assert errors["other", "INTERNAL"] == 2.0 + 6.0


def test_a_replacement_counts_errors_under_names_it_has_not_met(tmp_path: Path) -> None:
    """They are in its predecessor's files."""
    for _ in range(2):
        callers = _callers(tmp_path, 0)
        callers.called([("x-strata-caller", "shop")])
        callers.failed([("x-strata-caller", "shop")], INTERNAL)
    assert Page(tmp_path).caller_errors() == {("shop", "INTERNAL"): 2.0}


def test_made_up_callers_do_not_fill_the_page(tmp_path: Path) -> None:
    """32 names over all workers, the rest is `other`; no count is lost and none goes back."""
    page, seen = Page(tmp_path), []
    for worker in range(3):
        callers = _callers(tmp_path, worker)
        for number in range(40):
            callers.called([("x-strata-caller", f"made-up-{worker}-{number}")])
        seen.append(page.callers())
        assert len(seen[-1]) == MOST_CALLERS + 2
        assert sum(seen[-1].values()) == 40 * (worker + 1)
    assert all(seen[-1][name] >= count for name, count in seen[0].items())


@pytest.mark.parametrize("name", ["", "(unnamed)", "a b", "x" * 65, "new\nline", b"bytes"])
def test_a_name_that_is_no_plain_word_is_other(tmp_path: Path, name: str | bytes) -> None:
    """Nobody passes for the callers without a name, and no name breaks the page."""
    _callers(tmp_path, 0).called([("x-strata-caller", name)])
    assert Page(tmp_path).callers() == {"other": 1.0, "(unnamed)": 0.0}


def _live(values: list[float]) -> LiveAnswer:
    row = UserRow(np.array(values), known=True, watermark_us=0, complete=not np.isnan(values).any())
    return LiveAnswer("ann", 0, [LiveAssignment(PROFILE, 0, 1.0, row)])


def _batch(values: list[list[float]], known: list[bool]) -> Answer:
    rows = feature_rows(np.array(values), np.array(known), np.zeros(len(known), dtype=np.int64))
    none = np.zeros(len(known), dtype=np.uint8)
    column = Column(
        PROFILE, none.astype(np.int32), none.astype(np.float32), none, none, none.astype(np.int64), rows, True
    )
    return Answer(["u"] * len(known), 0, [column])


def test_missing_values_are_counted_by_feature(tmp_path: Path) -> None:
    """From single answers and batches alike; users nobody knows have no values to miss."""
    meter = SampledMissing(Unmetered(), open_missing(tmp_path / "missing-000.bin"), AlwaysNow())
    meter.answered_live(_live([1.0, 2.0]))
    meter.answered_live(_live([1.0, NAN]))
    meter.answered(_batch([[NAN, NAN], [1.0, NAN], [NAN, NAN]], [True, True, False]))
    page = Page(tmp_path)
    assert page.value("strata_feature_sampled_rows_total", segmenter="tiers") == 4.0
    missing = {
        name: page.value("strata_feature_sampled_missing_total", segmenter="tiers", feature=f"rfm:{name}")
        for name in ("orders", "spend")
    }
    assert missing == {"orders": 1.0, "spend": 3.0}


@pytest.mark.parametrize("rhythm", [2, ONE_IN])
def test_a_rhythm_of_the_callers_does_not_hide_a_feature(tmp_path: Path, rhythm: int) -> None:
    """Every `rhythm`-th answer misses a value: one in sixteen is looked at, and the share is right."""
    meter = SampledMissing(Unmetered(), open_missing(tmp_path / "missing-000.bin"), random.Random(7))
    for number in range(160_000):
        meter.answered_live(_live([1.0, NAN if number % rhythm == 0 else 1.0]))
    page = Page(tmp_path)
    rows = page.value("strata_feature_sampled_rows_total", segmenter="tiers") or 0.0
    missing = page.value("strata_feature_sampled_missing_total", segmenter="tiers", feature="rfm:spend") or 0.0
    assert rows == pytest.approx(160_000 / ONE_IN, rel=0.05)
    assert missing / rows == pytest.approx(1 / rhythm, rel=0.1)


def test_a_late_loop_is_seen_for_a_window_and_then_forgotten(tmp_path: Path) -> None:
    """The worst of this window and the one before; a loop that does not come is late by now."""
    names = open_heartbeat(tmp_path / "heartbeat-000.bin")
    heart = Heartbeat(names, now_s=100.0)
    heart.beat(due_s=100.25, now_s=100.75)
    assert lag_s(names, 100.75) == 0.5
    assert lag_s(names, 104.0) == 104.0 - 100.75 - BEAT_S
    for now_s in (100.0 + WINDOW_S, 100.0 + 2 * WINDOW_S):
        assert lag_s(names, 101.0) == 0.5
        heart.beat(now_s, now_s)
    assert lag_s(names, 100.0 + 2 * WINDOW_S) == 0.0


def test_a_workers_use_is_read_and_a_dead_one_has_none(tmp_path: Path) -> None:
    """CPU and memory of the process whose number the heartbeat holds."""
    names = open_heartbeat(tmp_path / "heartbeat-001.bin")
    Heartbeat(names, now_s=100.0)
    page = Page(tmp_path)
    memory = page.value("strata_worker_resident_bytes", worker="1")
    assert memory is not None
    assert memory > 10_000_000
    assert (page.value("strata_worker_cpu_seconds_total", worker="1") or 0.0) > 0.0
    assert page.value("strata_worker_loop_lag_seconds", worker="1") == 0.0
    names.numbers[0] = 0.0
    assert page.value("strata_worker_resident_bytes", worker="1") is None


def test_process_use_is_what_the_process_itself_says() -> None:
    """To a hundredth of a second, the kernel's grain."""
    use, times = process_use(os.getpid()), os.times()
    assert use is not None
    assert use.cpu_s == pytest.approx(times.user + times.system, abs=0.05)
