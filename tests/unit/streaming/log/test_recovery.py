"""Opening a log that was not closed: what was torn is cut and said, what was acknowledged is never given up."""

from __future__ import annotations

import logging
import os
import random
from pathlib import Path

import pytest
from log_files import fill, flip, numbers, opened, read_all, segments

from strata.errors import LogDamaged
from streaming.log.embedded import segment_writer
from streaming.log.embedded.frames import MAGIC


def unacknowledged(folder: Path, commits: int) -> int:
    """A log whose last write is whole, and whose process died before it was known to be durable; where that begins."""
    with opened(folder) as log:
        fill(log, commits)
        marks = (folder / "marks").read_bytes()
        end = int.from_bytes(marks[:8], "little")
        fill(log, 1, start=commits * 3)
    (folder / "marks").write_bytes(marks)
    return end


def test_a_tail_torn_at_any_byte_is_cut_to_the_last_whole_frame(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """Whatever part of the last write reached the disk: all before is there, offsets go on, and the log says it."""
    whole = tmp_path / "whole"
    begins = unacknowledged(whole, commits=3)
    content, marks = segments(whole)[0].read_bytes(), (whole / "marks").read_bytes()
    for size in range(begins, len(content)):
        folder = tmp_path / str(size)
        folder.mkdir()
        (folder / "log.json").write_bytes((whole / "log.json").read_bytes())
        (folder / "marks").write_bytes(marks)
        (folder / segments(whole)[0].name).write_bytes(content[:size])
        caplog.clear()
        with caplog.at_level(logging.WARNING), opened(folder) as log:
            log.writer()
            found = numbers(read_all(log))
            assert found[:9] == list(range(9))
            # The last write has a frame for each partition: 10, then 9 and 11, may be there or not.
            assert set(found[9:]) <= {9, 10, 11}
            fill(log, 1, start=100)
            assert numbers(read_all(log)) == [*found, 100, 101, 102]
        assert ("cut " in caplog.text) == (size != begins and content[size : size + 4] != MAGIC)


def test_zeros_after_the_end_are_a_torn_tail(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A power cut may leave a file longer than what reached it."""
    with opened(tmp_path) as log:
        fill(log, 2)
    with segments(tmp_path)[0].open("ab") as file:
        file.write(bytes(5_000))
    with caplog.at_level(logging.WARNING), opened(tmp_path) as log:
        fill(log, 1, start=6)
        assert numbers(read_all(log)) == list(range(9))
    assert "cut 5000 bytes off" in caplog.text


def test_a_flipped_byte_among_acknowledged_records_is_damage_even_in_the_newest_file(tmp_path: Path) -> None:
    """Each byte of each commit but the last, with the marks lost too: never taken for a torn tail, nothing removed."""
    with opened(tmp_path / "log") as log:
        fill(log, 3)
        last_commit = int.from_bytes((tmp_path / "log" / "marks").read_bytes()[:8], "little")
        fill(log, 1, start=9)
    path = segments(tmp_path / "log")[0]
    content = path.read_bytes()
    (tmp_path / "log" / "marks").unlink()
    for at in random.Random(7).sample(range(40 + 16, last_commit), 60):
        flip(path, at)
        with opened(tmp_path / "log") as log, pytest.raises(LogDamaged, match=rf"{path.name} at byte \d+: "):
            log.writer()
        assert path.stat().st_size == len(content)
        path.write_bytes(content)


def test_a_shortened_newest_file_is_damage_when_more_was_durable(tmp_path: Path) -> None:
    """The marks know how far it was durable: a cut there is no torn write."""
    with opened(tmp_path) as log:
        fill(log, 3)
    path = segments(tmp_path)[0]
    size = path.stat().st_size - 1
    os.truncate(path, size)
    with opened(tmp_path) as log, pytest.raises(LogDamaged, match="the event log is damaged"):
        log.writer()
    assert path.stat().st_size == size, "nothing is cut"


def test_damage_in_an_older_file_is_a_sentence_when_it_is_read(tmp_path: Path) -> None:
    """The records before it are read, then poll raises, again and again; it is never skipped."""
    with opened(tmp_path, segment_bytes=1_024) as log:
        fill(log, 60)
    first = segments(tmp_path)[0]
    flip(first, first.stat().st_size // 2)
    with opened(tmp_path, segment_bytes=1_024) as log:
        log.writer()
        consumer = log.consumer(lambda _: {}, lambda _: None)
        before = consumer.poll(1_000, 0)
        assert 0 < len(before) < 30
        for _ in range(2):
            with pytest.raises(LogDamaged, match=rf"{first.name} at byte \d+: its checksum differs"):
                consumer.poll(1_000, 0)
        consumer.close()


@pytest.mark.parametrize("harm", ["missing", "short"])
def test_a_file_missing_or_cut_in_the_middle_is_said_at_the_start(tmp_path: Path, harm: str) -> None:
    """Files must join byte to byte."""
    with opened(tmp_path, segment_bytes=1_024) as log:
        fill(log, 60)
    middle = segments(tmp_path)[1]
    middle.unlink() if harm == "missing" else os.truncate(middle, 100)
    with opened(tmp_path, segment_bytes=1_024) as log, pytest.raises(LogDamaged, match="the next segment goes on"):
        log.writer()


def test_all_files_missing_is_not_an_empty_log(tmp_path: Path) -> None:
    """What was durable is gone: offsets must not begin again at zero."""
    with opened(tmp_path) as log:
        fill(log, 1)
    for path in segments(tmp_path):
        path.unlink()
    with opened(tmp_path) as log, pytest.raises(LogDamaged, match="its segments are gone"):
        log.writer()


def test_a_segment_that_was_only_begun_is_removed(tmp_path: Path) -> None:
    """Its head was not durable, so nothing in it was; the log goes on after the one before."""
    with opened(tmp_path) as log:
        fill(log, 2)
    end = segments(tmp_path)[0].stat().st_size
    (tmp_path / f"{end:020d}.log").write_bytes(b"SLG1 and then nothing")
    with opened(tmp_path) as log:
        fill(log, 1, start=6)
        assert numbers(read_all(log)) == list(range(9))


def test_what_a_killed_writer_wrote_is_durable_before_it_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without that, a power cut after the restart could take records that a reader has counted."""
    unacknowledged(tmp_path, commits=2)
    synced: list[str] = []
    real = os.fsync

    def noting(handle: int) -> None:
        synced.append(str(Path(f"/proc/self/fd/{handle}").readlink()))
        real(handle)

    monkeypatch.setattr(os, "fsync", noting)
    with opened(tmp_path) as log:
        log.writer()
        assert synced[-1] == str(segments(tmp_path)[0])
        assert numbers(read_all(log)) == list(range(9))


def test_appends_are_synced_in_the_write_or_after_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the system has no write that syncs, a sync follows; with `fsync: false` neither happens."""
    calls: list[str] = []
    real_write, real_sync = os.pwritev, os.fsync
    monkeypatch.setattr(os, "pwritev", lambda *a: (calls.append(f"write {a[3]}"), real_write(*a))[1])
    monkeypatch.setattr(os, "fsync", lambda handle: (calls.append("sync"), real_sync(handle))[1])
    with opened(tmp_path / "a") as log:
        fill(log, 1)
        calls.clear()
        fill(log, 1)
        assert calls == [f"write {os.RWF_DSYNC}"]
    monkeypatch.setattr(segment_writer, "WRITE_AND_SYNC", 0)
    with opened(tmp_path / "b") as log:
        fill(log, 1)
        calls.clear()
        fill(log, 1)
        assert calls == ["write 0", "sync"]
    with opened(tmp_path / "c", fsync=False) as log:
        fill(log, 1)
        calls.clear()
        fill(log, 1)
        assert calls == ["write 0"]
