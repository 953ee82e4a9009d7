"""What files add to the log's contract: one writer, a full disk, retention, other processes."""

from __future__ import annotations

import asyncio
import errno
import logging
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from log_files import fill, numbers, opened, read_all, segments

from strata.errors import AlreadyRunning, LogDamaged, LogUnavailable, SettingsInvalid
from streaming.log.embedded.log import EmbeddedLog
from streaming.log.embedded.marks import Marks

READER = """
import sys
from pathlib import Path
from strata.settings import LogSettings
from streaming.log.embedded.log import EmbeddedLog
log = EmbeddedLog(Path(sys.argv[1]), LogSettings(partitions=2))
consumer = log.consumer(lambda _: {}, lambda _: None)
print("ready", flush=True)
print(sorted(int(record.data) for record in consumer.poll(10, 20.0)), flush=True)
"""


def test_a_second_writer_is_refused_with_the_first_one_s_process(tmp_path: Path) -> None:
    """In this process or another; when the first has closed, the next may write."""
    with opened(tmp_path) as first, opened(tmp_path) as second:
        first.writer()
        with pytest.raises(AlreadyRunning, match=rf"process {os.getpid()} writes the event log in .*one writer"):
            second.writer()
        first.close()
        fill(second, 1)


def test_the_number_of_partitions_is_fixed_when_the_log_is_made(tmp_path: Path) -> None:
    """Another number is refused, with the one to set."""
    with opened(tmp_path, partitions=2):
        pass
    with (
        pytest.raises(SettingsInvalid, match=r"made with 2 partitions and log\.partitions is 3; set it to 2"),
        opened(tmp_path, partitions=3),
    ):
        pass


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"format": 1}', '{"format": "x", "partitions": 2}'])
def test_a_damaged_log_json_is_a_sentence(tmp_path: Path, content: str) -> None:
    """Whatever lies there."""
    (tmp_path / "log.json").write_text(content)
    with pytest.raises(LogDamaged, match=r"log\.json"), opened(tmp_path):
        pass


def test_segments_without_log_json_are_not_taken_for_a_new_log(tmp_path: Path) -> None:
    """Their partitions are not known."""
    with opened(tmp_path) as log:
        fill(log, 1)
    (tmp_path / "log.json").unlink()
    with pytest.raises(LogDamaged, match=r"segments and no log\.json"), opened(tmp_path):
        pass


def test_a_folder_that_cannot_be_made_is_a_sentence(tmp_path: Path) -> None:
    """A file where the folder should be."""
    (tmp_path / "file").write_text("")
    with pytest.raises(LogUnavailable, match="cannot be opened"), opened(tmp_path / "file" / "log"):
        pass


def test_every_block_of_the_marks_is_there_from_the_start(tmp_path: Path) -> None:
    """A store into a hole would be SIGBUS on a disk that is full by then."""
    Marks(tmp_path, 600).close()
    marks = (tmp_path / "marks").stat()
    assert marks.st_blocks * 512 >= marks.st_size == 8 * 1_201


@pytest.mark.parametrize("written", [0, 1, 50, 400])
@pytest.mark.parametrize("cut_fails", [False, True])
def test_a_full_disk_fails_the_append_and_what_was_half_written_is_cut(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    written: int,
    cut_fails: bool,
) -> None:
    """None of it is acknowledged or read; when there is space again the log goes on, and opens as whole."""
    real_write, real_cut = os.pwritev, os.ftruncate
    full = True

    def failing_write(file: int, data: list[memoryview], at: int, flags: int) -> int:
        if full:
            real_write(file, [data[0][:written]], at, flags)
            raise OSError(errno.ENOSPC, "No space left on device")
        return real_write(file, data, at, flags)

    def failing_cut(file: int, size: int) -> None:
        if full and cut_fails:
            raise OSError(errno.EIO, "Input/output error")
        real_cut(file, size)

    with opened(tmp_path) as log:
        fill(log, 2)
        size = segments(tmp_path)[0].stat().st_size
        monkeypatch.setattr(os, "pwritev", failing_write)
        monkeypatch.setattr(os, "ftruncate", failing_cut)
        for _ in range(2):
            with pytest.raises(LogUnavailable, match=r"cannot be written: .*Nothing of this was taken"):
                fill(log, 1, 30, start=50)
            assert cut_fails or segments(tmp_path)[0].stat().st_size == size
        assert numbers(read_all(log)) == list(range(6))
        full = False
        fill(log, 1, start=6)
        assert numbers(read_all(log)) == list(range(9))
    with opened(tmp_path) as log, caplog.at_level(logging.WARNING):
        fill(log, 1, start=9)
        assert caplog.text == "", "there is nothing to cut"
        assert numbers(read_all(log)) == list(range(12))


def test_a_limit_of_the_system_on_the_size_of_files_is_as_a_full_disk(tmp_path: Path) -> None:
    """The system's own half-written file, not a simulated one: the log is whole afterwards."""
    program = (
        "import resource, sys\nfrom pathlib import Path\nfrom log_files import fill, opened\n"
        "from strata.errors import LogUnavailable\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))\n"
        "with opened(Path(sys.argv[1])) as log:\n"
        "    kept = 0\n"
        "    try:\n"
        "        while True:\n"
        "            fill(log, 1, 100, start=kept)\n"
        "            kept += 100\n"
        "    except LogUnavailable as fault:\n"
        "        print(kept, fault)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
    )
    kept, sentence = done.stdout.split(maxsplit=1)
    assert int(kept) > 500
    assert "file too large" in sentence
    with opened(tmp_path) as log:
        fill(log, 1, 100, start=int(kept))
        assert numbers(read_all(log)) == list(range(int(kept) + 100))


def test_an_unforeseen_fault_of_the_writer_is_answered_too(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """No append waits for ever, and the next one is taken."""
    with opened(tmp_path) as log:
        writer = log.writer()
        commit = writer._segments.commit
        writer._segments.commit = lambda _: 1 / 0  # type: ignore[method-assign, assignment, return-value]
        with pytest.raises(LogUnavailable, match="division by zero"), caplog.at_level(logging.CRITICAL):
            fill(log, 1)
        writer._segments.commit = commit  # type: ignore[method-assign]
        fill(log, 1)


def test_nothing_is_read_before_it_is_durable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Bytes that lie in the file while the sync runs are not handed out, also not to another opener."""
    syncing, go_on = threading.Event(), threading.Event()
    real = os.pwritev

    def slow(file: int, data: list[memoryview], at: int, flags: int) -> int:
        written = real(file, data, at, flags)
        syncing.set()
        assert go_on.wait(20)
        return written

    with opened(tmp_path) as log, opened(tmp_path) as other:
        fill(log, 1)
        monkeypatch.setattr(os, "pwritev", slow)
        appending = threading.Thread(target=fill, args=(log, 1, 3, 3))
        appending.start()
        assert syncing.wait(20)
        assert b"000005" in segments(tmp_path)[0].read_bytes()
        assert numbers(read_all(log)) == numbers(read_all(other)) == [0, 1, 2]
        go_on.set()
        appending.join()
        assert numbers(read_all(log)) == numbers(read_all(other)) == [0, 1, 2, 3, 4, 5]


def test_appends_that_wait_for_one_sync_share_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred appends at once take two writes: the first one's, and one for all that gathered meanwhile."""
    writes: list[int] = []
    real = os.pwritev

    def slow(file: int, data: list[memoryview], at: int, flags: int) -> int:
        writes.append(at)
        time.sleep(0.2)
        return real(file, data, at, flags)

    async def append_all(log: EmbeddedLog) -> None:
        await asyncio.gather(*(log.writer().append([(0, b"%d" % n)]) for n in range(100)))

    with opened(tmp_path) as log:
        log.writer()
        monkeypatch.setattr(os, "pwritev", slow)
        asyncio.run(append_all(log))
        assert len(writes) <= 2
        assert numbers(read_all(log)) == list(range(100))


def test_closing_makes_durable_what_was_taken_and_takes_no_more(tmp_path: Path) -> None:
    """An append that waits is answered; one after the close is refused in a sentence."""

    async def append_and_close(log: EmbeddedLog) -> None:
        writer = log.writer()
        waiting = asyncio.create_task(writer.append([(0, b"1")]))
        await asyncio.sleep(0)
        await asyncio.to_thread(log.close)
        assert await waiting == [0]
        with pytest.raises(LogUnavailable, match="closed"):
            await writer.append([(0, b"2")])

    with opened(tmp_path) as log:
        asyncio.run(append_and_close(log))


def test_a_reader_in_the_writer_s_process_is_woken(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It does not look for itself: with nothing else to wake it for a minute, it has the record at once."""
    monkeypatch.setattr("streaming.log.embedded.consumer.CHECK_S", 60.0)
    with opened(tmp_path) as log:
        log.writer()
        consumer = log.consumer(lambda _: {}, lambda _: None)
        assert consumer.poll(10, 0) == []
        appending = threading.Timer(0.2, fill, args=(log, 1))
        appending.start()
        began = time.monotonic()
        assert numbers(consumer.poll(10, 30.0)) == [0, 1, 2]
        assert time.monotonic() - began < 10
        appending.join()
        consumer.close()


def test_another_process_reads_what_is_appended_within_a_moment(tmp_path: Path) -> None:
    """By looking at the marks: no message passes between the processes."""
    with opened(tmp_path) as log:
        log.writer()
        with subprocess.Popen(
            [sys.executable, "-c", READER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as reader:
            assert reader.stdout is not None
            assert reader.stdout.readline() == "ready\n"
            fill(log, 1)
            began = time.monotonic()
            assert reader.stdout.readline() == "[0, 1, 2]\n"
            assert time.monotonic() - began < 10


def test_a_killed_reader_s_partitions_go_to_the_others(tmp_path: Path) -> None:
    """The system releases its locks; the next look of another member finds them free."""
    with opened(tmp_path) as log:
        log.writer()
        with subprocess.Popen(
            [sys.executable, "-c", READER, str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as other:
            assert other.stdout is not None
            assert other.stdout.readline() == "ready\n"
            held: set[int] = set()
            consumer = log.consumer(lambda got: held.update(got) or {}, held.difference_update)
            poll_until(consumer.poll, (tmp_path / "readers" / "partition-1.lock").exists)
            poll_until(consumer.poll, lambda: len(held) == 1)
            other.kill()
        poll_until(consumer.poll, lambda: held == {0, 1})
        consumer.close()


def poll_until(poll: Callable[[int, float], object], reached: Callable[[], bool]) -> None:
    """Poll until something has come about; a failure after 20 s."""
    until = time.monotonic() + 20
    while not reached():
        assert time.monotonic() < until
        poll(10, 0.02)


def housekeep(log: EmbeddedLog) -> None:
    """What the writer does every few seconds."""
    log.writer()._keep_house()


def test_released_segments_go_when_the_log_is_over_its_bytes(tmp_path: Path) -> None:
    """Oldest first, whole files, down to the bound; what is left begins at a known offset and reads on."""
    with opened(tmp_path, segment_bytes=1_024, retention_bytes=3_000) as log:
        fill(log, 100)
        housekeep(log)
        assert len(segments(tmp_path)) > 8, "nothing is released"
        consumer = log.consumer(lambda _: {}, lambda _: None)
        end = consumer.end_offsets()
        consumer.release(0, end[0])
        consumer.release(1, 60)
        consumer.release(1, 5)
        housekeep(log)
        start = consumer.start_offsets()
        assert 40 < start[1] <= 60, "as far as both partitions are released, and no further"
        assert len(read_all(log)) == 300 - start[0] - start[1]
        consumer.release(1, end[1])
        housekeep(log)
        assert sum(path.stat().st_size for path in segments(tmp_path)) <= 3_000 + 1_024
        with pytest.raises(LogDamaged, match=r"partition 1 .*begins at offset \d+: what is wanted from 0 on is gone"):
            read_all(log, p1=0)
        consumer.close()
    with opened(tmp_path, segment_bytes=1_024) as log:
        fill(log, 1, start=300)
        assert numbers(read_all(log))[-3:] == [300, 301, 302]


def test_released_segments_go_when_they_are_too_old(tmp_path: Path) -> None:
    """By the time of their last write; the newest file stays whatever its age."""
    with opened(tmp_path, segment_bytes=1_024, retention_s=3_600) as log:
        fill(log, 60)
        consumer = log.consumer(lambda _: {}, lambda _: None)
        for partition, offset in consumer.end_offsets().items():
            consumer.release(partition, offset)
        housekeep(log)
        files = segments(tmp_path)
        assert len(files) > 4
        for path in (files[0], files[1], files[-1]):
            os.utime(path, (time.time() - 4_000, time.time() - 4_000))
        housekeep(log)
        assert segments(tmp_path) == files[2:]
        consumer.close()


def test_a_segment_is_closed_after_its_part_of_the_retention_time(tmp_path: Path) -> None:
    """A log of few events still lets go of old ones: an eighth of the retention makes a file."""
    with opened(tmp_path, retention_s=0.8) as log:
        fill(log, 1)
        time.sleep(0.15)
        fill(log, 1, start=3)
        assert len(segments(tmp_path)) == 2
        assert numbers(read_all(log)) == list(range(6))
