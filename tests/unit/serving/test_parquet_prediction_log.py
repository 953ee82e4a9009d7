"""The prediction log, driven step by step."""

from __future__ import annotations

import errno
import os
import threading
import time
import tracemalloc
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from live_answers import live
from toy_segmenter import toy_profile

from serving.adapters import prediction_rotation
from serving.adapters.parquet_prediction_log import LogCounters, LogLimits, ParquetPredictionLog
from serving.adapters.prediction_columns import is_logged
from serving.adapters.prediction_files import PredictionFile, remove_leftovers, remove_oldest
from serving.domain.assignments import Answer, Column, Degradation, Source
from serving.domain.features import feature_rows
from strata.processes import frugal, priority

PROFILE = toy_profile("tiers")
NAN = float("nan")


class Log:
    """A log, its clock and its counts."""

    def __init__(self, folder: Path, **limits: float) -> None:
        chosen = {"share": 1.0, "rotate_rows": 4, "rotate_s": 5.0, "max_bytes": 10**9} | limits
        rows = int(chosen.pop("rows", 10))
        self.now_s = 0.0
        self.counts = {"written": 0.0, "queue": 0.0, "error": 0.0}
        self.folder = folder
        self.log = ParquetPredictionLog(
            folder,
            "w000",
            rows=rows,
            limits=LogLimits(**chosen),  # type: ignore[arg-type] # whole numbers are floats here
            counters=LogCounters(self._counter("written"), self._counter("queue"), self._counter("error")),
            monotonic=lambda: self.now_s,
        )
        self.log.serve([PROFILE])

    def _counter(self, name: str):  # type: ignore[no-untyped-def]
        def count(rows: float) -> None:
            self.counts[name] += rows

        return count

    def files(self) -> list[Path]:
        return sorted(self.folder.glob("*/*"))


def answer(*users: str, known: bool = True) -> Answer:
    count = len(users)
    values = np.tile([1.0, NAN], (count, 1))
    rows = feature_rows(values, np.full(count, known), np.zeros(count, dtype=np.int64))
    column = Column(
        profile=PROFILE,
        segment_indexes=np.full(count, 1 if known else 0, dtype=np.int32),
        scores=np.full(count, 0.5 if known else NAN, dtype=np.float32),
        sources=np.full(count, Source.LIVE if known else Source.FALLBACK, dtype=np.uint8),
        degradations=np.full(count, Degradation.NONE if known else Degradation.UNKNOWN_USER, dtype=np.uint8),
        live_at_us=np.zeros(count, dtype=np.int64),
        rows=rows,
        all_live=known,
    )
    return Answer(list(users), 1_512_000_000_000_000, [column])


def test_rows_read_back_as_they_were_answered(tmp_path: Path) -> None:
    """Contract 6: nulls for missing values and fallback scores, words for numbers, the schema's fingerprint."""
    log = Log(tmp_path)
    log.log.append(answer("ann"))
    log.log.append(answer("bé", known=False))
    log.log.step(last=True)
    [file] = log.files()
    table = pq.read_table(file)
    assert table.to_pylist() == [
        {
            "user_id": "ann", "as_of": table["as_of"][0].as_py(), "segmenter": "tiers", "version": "0123456789ab",
            "segment": "middle", "score": 0.5, "source": "live", "degradation": "",
            "live_at": table["as_of"][0].as_py(), "orders:f0": 1.0, "orders:f1": None,
        },
        {
            "user_id": "bé", "as_of": table["as_of"][1].as_py(), "segmenter": "tiers", "version": "0123456789ab",
            "segment": "low", "score": None, "source": "fallback", "degradation": "unknown_user",
            "live_at": None, "orders:f0": None, "orders:f1": None,
        },
    ]  # fmt: skip
    assert table["as_of"][0].value == 1_512_000_000_000_000
    assert str(table.schema.field("as_of").type) == "timestamp[us, tz=UTC]"
    assert table.schema.metadata[b"schema_fingerprint"] == PROFILE.schema_fingerprint.encode()
    assert log.counts == {"written": 2, "queue": 0, "error": 0}


def test_a_last_known_answer_is_logged_with_the_moment_it_was_live(tmp_path: Path) -> None:
    """Beside a live one, whose moment is its own, in one column of a batch."""
    log, both = Log(tmp_path), answer("ann", "bob")
    sources = np.array([Source.LIVE, Source.LAST_KNOWN], dtype=np.uint8)
    known_at_us = np.array([0, both.as_of_us - 60_000_000], dtype=np.int64)
    column = both.columns[0]._replace(sources=sources, live_at_us=known_at_us, all_live=False)
    log.log.append(both._replace(columns=[column]))
    log.log.step(last=True)
    [file] = log.files()
    live_at = pq.read_table(file)["live_at"]
    assert [instant.value for instant in live_at] == [1_512_000_000_000_000, 1_511_999_940_000_000]
    assert str(live_at.type) == "timestamp[us, tz=UTC]"


def test_one_users_live_answer_reads_back_as_one_of_many(tmp_path: Path) -> None:
    """The same row, whichever desk gave the answer."""
    for name, append in (("one", "append_live"), ("many", "append")):
        log = Log(tmp_path / name)
        given = live("ann", "tiers", values=(1.0, NAN), as_of_us=1_512_000_000_000_000)
        getattr(log.log, append)(given if append == "append_live" else answer("ann"))
        log.log.step(last=True)
    [one], [many] = ([pq.read_table(file) for file in (tmp_path / name).glob("*/*")] for name in ("one", "many"))
    assert one.equals(many, check_metadata=True)


def test_one_users_answer_past_the_queue_is_dropped_and_counted(tmp_path: Path) -> None:
    log = Log(tmp_path, rows=2)
    for user in "abc":
        log.log.append_live(live(user, "tiers"))
    log.log.step(last=True)
    assert (log.counts["written"], log.counts["queue"]) == (2, 1)


def test_a_file_is_closed_when_it_is_full_or_old(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.log.append(answer("a"))
    log.log.step()
    assert log.files() == []
    log.log.append(answer("b", "c", "d"))
    log.log.step()
    assert len(log.files()) == 1
    log.log.append(answer("e"))
    log.log.step()
    log.now_s = 5.0
    log.log.step()
    assert len(log.files()) == 2


def test_a_full_queue_drops_and_counts(tmp_path: Path) -> None:
    """What was queued before is kept, and the queue takes more once it was emptied."""
    log = Log(tmp_path)
    for _ in range(3):
        log.log.append(answer("a", "b", "c", "d"))
    assert log.counts["queue"] == 4
    log.log.step()
    log.log.append(answer("a", "b", "c", "d"))
    log.log.step(last=True)
    assert log.counts == {"written": 12, "queue": 4, "error": 0}


def test_a_full_disk_drops_counts_and_heals(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The caller feels nothing; when there is room again, the log goes on."""
    log = Log(tmp_path)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(PredictionFile, "write", full)
        log.log.append(answer("a", "b"))
        log.log.step(last=True)
    assert log.counts == {"written": 0, "queue": 0, "error": 2}
    log.log.append(answer("c"))
    log.log.step(last=True)
    assert log.counts["written"] == 1


def test_a_write_that_breaks_off_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def torn(*_: object) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(pq.ParquetWriter, "close", torn)
    log = Log(tmp_path)
    log.log.append(answer("a"))
    log.log.step(last=True)
    assert log.files() == []
    assert log.counts == {"written": 0, "queue": 0, "error": 1}


def test_leftovers_of_a_killed_writer_are_hidden_and_removed(tmp_path: Path) -> None:
    (tmp_path / "tiers").mkdir()
    (tmp_path / "tiers" / ".pending-1-w000-1.parquet").write_bytes(b"half")
    assert remove_leftovers(tmp_path) == 1
    assert list((tmp_path / "tiers").iterdir()) == []


def test_the_oldest_files_go_first(tmp_path: Path) -> None:
    """Over all segmenters together."""
    for folder, name in (("tiers", "1"), ("promo", "2"), ("tiers", "3")):
        (tmp_path / folder).mkdir(exist_ok=True)
        (tmp_path / folder / f"{name}.parquet").write_bytes(b"x" * 10)
    assert remove_oldest(tmp_path, 25) == 1
    assert sorted(path.name for path in tmp_path.glob("*/*")) == ["2.parquet", "3.parquet"]


def test_looking_at_many_files_holds_none_of_them(tmp_path: Path) -> None:
    """A list of them all would be longer every time, and its pieces stay in the heap."""
    (tmp_path / "tiers").mkdir()
    for index in range(1_000):
        (tmp_path / "tiers" / f"{index:016d}-w000-{index:06d}.parquet").write_bytes(b"x")
    tracemalloc.start()
    try:
        assert remove_oldest(tmp_path, 1_000) == 0
        assert tracemalloc.get_traced_memory()[1] < 50_000
        assert remove_oldest(tmp_path, 997) == 3
    finally:
        tracemalloc.stop()
    assert min(path.name for path in tmp_path.glob("*/*")).startswith("0000000000000003")


@pytest.mark.parametrize("most", range(0, 70, 7))
def test_the_newest_that_have_room_stay(tmp_path: Path, most: int) -> None:
    """As many as there are, of whichever segmenter; one too large for what is left ends it."""
    sizes = [10, 0, 25, 5, 1, 20]
    for index, size in enumerate(sizes):
        folder = tmp_path / ("a", "b")[index % 2]
        folder.mkdir(exist_ok=True)
        (folder / f"{index}.parquet").write_bytes(b"x" * size)
    kept = [index for index in range(len(sizes)) if sum(sizes[index:]) <= most]
    removed = remove_oldest(tmp_path, most)
    assert sorted(int(path.stem) for path in tmp_path.glob("*/*")) == kept
    assert removed == len(sizes) - len(kept)


def test_a_share_is_the_same_users_every_time(tmp_path: Path) -> None:
    """About that share of them, in the log as in the rule."""
    users = [f"user-{i}" for i in range(1_000)]
    chosen = [user for user in users if is_logged(user, 0.3)]
    assert 250 < len(chosen) < 350
    log = Log(tmp_path, share=0.3, rows=10_000)
    log.log.append(answer(*users))
    log.log.step(last=True)
    assert pq.read_table(log.files()[0])["user_id"].to_pylist() == chosen


def test_the_thread_writes_what_is_left_when_closed(tmp_path: Path) -> None:
    log = Log(tmp_path)
    log.log.start()
    log.log.append(answer("a"))
    log.log.close(10.0)
    assert log.counts["written"] == 1


def test_the_thread_lets_those_who_answer_go_first(tmp_path: Path) -> None:
    """And nobody else of the process steps back with it."""
    log = Log(tmp_path).log
    ours = os.getpriority(os.PRIO_PROCESS, threading.get_native_id())
    log.start()
    try:
        thread = log._thread.native_id
        assert thread is not None
        until_s = time.monotonic() + 10.0
        while os.getpriority(os.PRIO_PROCESS, thread) == ours and time.monotonic() < until_s:  # it has just begun
            time.sleep(0.001)
        assert os.getpriority(os.PRIO_PROCESS, thread) == min(ours + priority.STEPS, 19)
        assert os.getpriority(os.PRIO_PROCESS, threading.get_native_id()) == ours
    finally:
        log.close(5.0)


def test_groups_are_written_one_at_a_time_the_longest_first(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two segmenters fill theirs at the same moment; a burst of both would hold the core for twice as long."""
    monkeypatch.setattr(prediction_rotation, "GROUP_ROWS", 2)
    log = Log(tmp_path, rotate_rows=100)
    other = toy_profile("promo")
    log.log.serve([PROFILE, other])
    for user in "abc":
        log.log.append_live(live(user, "tiers", "promo"))
    log.log.append_live(live("d", "promo"))
    written = []
    for _ in range(3):
        log.log.step()
        written.append(sorted(path.parent.name for path in log.files()))
    assert written == [["promo"], ["promo", "tiers"], ["promo", "tiers"]]
    log.log.step(last=True)
    assert log.counts["written"] == 7


def test_times_are_told_by_a_files_footer(tmp_path: Path) -> None:
    """Whoever reads a long log leaves whole files unread by it."""
    log = Log(tmp_path)
    log.log.append_live(live("a", "tiers", as_of_us=1_000_000))
    log.log.append_live(live("b", "tiers", as_of_us=3_000_000))
    log.log.step(last=True)
    group = pq.ParquetFile(log.files()[0]).metadata.row_group(0)
    [times] = [c.statistics for c in (group.column(i) for i in range(group.num_columns)) if c.path_in_schema == "as_of"]
    assert (times.min.timestamp(), times.max.timestamp()) == (1.0, 3.0)


def test_a_long_file_is_written_in_groups(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Memory holds a group, not a file; nothing is seen before the file is whole."""
    monkeypatch.setattr(prediction_rotation, "GROUP_ROWS", 2)
    log = Log(tmp_path, rotate_rows=100)
    for user in "abcde":
        log.log.append(answer(user))
        log.log.step()
    assert [path.name[0] for path in log.files()] == ["."]
    log.log.step(last=True)
    [file] = log.files()
    assert pq.ParquetFile(file).num_row_groups == 3
    assert pq.read_table(file)["user_id"].to_pylist() == list("abcde")


def test_free_memory_goes_back_once_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not with each file: it takes a millisecond or more."""
    given: list[float] = []
    log = Log(tmp_path)
    monkeypatch.setattr(frugal, "give_back", lambda: given.append(log.now_s))
    for second in range(0, 190, 5):
        log.now_s = float(second)
        log.log.append(answer("ann"))
        log.log.step()
    assert given == [60.0, 120.0, 180.0]
