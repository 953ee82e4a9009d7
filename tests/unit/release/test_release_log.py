"""The log of releases: appended to, never rewritten, read whatever is in it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from strata.errors import InputInvalid
from strata.release import (
    Canary,
    Change,
    Release,
    ReleaseLog,
    SegmenterRelease,
    live_version,
    promote,
    set_canary,
    with_segmenter,
)
from strata.release import log as log_module
from strata.release.document import from_line, to_line
from strata.release.log import ReleaseMoved

A, B, C = "aaaaaaaaaaaa", "bbbbbbbbbbbb", "cccccccccccc"


def change(why: str = "a test") -> Change:
    return Change("promote", "tiers", "ann", why)


@pytest.fixture
def log(tmp_path: Path) -> ReleaseLog:
    log = ReleaseLog(tmp_path / "home" / "releases.jsonl")
    log.append(change("first"), lambda release: with_segmenter(release, "tiers", A))
    return log


def test_the_release_in_force_is_the_last_entry(log: ReleaseLog, tmp_path: Path) -> None:
    """An entry says who, why, what was before and what is now; a reader of its own sees it."""
    mark = log.mark()
    made = log.append(change("better"), lambda release: promote(release, "tiers", B))
    found = ReleaseLog(tmp_path / "home" / "releases.jsonl").newest()
    assert found == made
    assert found is not None
    assert (found.change.why, found.before) == ("better", SegmenterRelease(A))
    assert found.release == Release(2, {"tiers": SegmenterRelease(B, A)})
    assert [entry.release.serial for entry in log.entries()] == [2, 1]
    assert log.mark() != mark


def test_nothing_is_no_release(tmp_path: Path) -> None:
    """A home without a log."""
    assert ReleaseLog(tmp_path / "releases.jsonl").newest() is None
    assert ReleaseLog(tmp_path / "releases.jsonl").mark() == (0, 0)


def test_a_change_that_is_refused_leaves_the_log_as_it_was(log: ReleaseLog, tmp_path: Path) -> None:
    """By the step, or because the release has moved on."""
    path = tmp_path / "home" / "releases.jsonl"
    before = path.read_bytes()
    with pytest.raises(InputInvalid, match="live already"):
        log.append(change(), lambda release: promote(release, "tiers", A))
    with pytest.raises(ReleaseMoved, match="number 1 by now, not 7"):
        log.append(change(), lambda release: promote(release, "tiers", B), expected_serial=7)
    assert path.read_bytes() == before


@pytest.mark.parametrize("cut", [1, 30, 200])
def test_a_line_a_killed_writer_left_is_passed_over_and_kept(log: ReleaseLog, tmp_path: Path, cut: int) -> None:
    """Until the next change the release before it is in force; afterwards the new one is."""
    path = tmp_path / "home" / "releases.jsonl"
    whole = path.read_bytes()
    torn = whole[:-cut]
    path.write_bytes(whole + torn[: len(whole) - cut])
    found = log.newest()
    assert found is not None
    assert found.release.serial == 1
    log.append(change(), lambda release: promote(release, "tiers", B))
    assert [entry.release.serial for entry in log.entries()] == [2, 1]
    assert path.read_bytes().startswith(whole + torn[: len(whole) - cut])


@pytest.mark.parametrize(
    "line",
    [
        b"", b"{}", b"[]", b"null", b"\xff\xfe", b'{"format": 2}', b"[" * 100_000, b'{"format":1,"serial":0}',
        b'{"format":1,"serial":true,"segmenters":{}}', b'{"format":1,"serial":9,"segmenters":{"tiers":{"live":"x"}}}',
    ],
)  # fmt: skip
def test_garbage_lines_are_passed_over(log: ReleaseLog, tmp_path: Path, line: bytes) -> None:
    """Whatever a person or a program wrote into the file."""
    path = tmp_path / "home" / "releases.jsonl"
    path.write_bytes(path.read_bytes() + line + b"\n")
    found = log.newest()
    assert found is not None
    assert found.release.serial == 1


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_a_damaged_line_is_an_entry_or_a_sentence(data: st.DataObject) -> None:
    """Any bytes of it changed: it is read, or refused as InputInvalid; nothing else."""
    line = to_line(
        log_module.Entry(1, change(), None, Release(3, {"tiers": SegmenterRelease(B, A, Canary(C, 0.25), C)}))
    )
    damaged = bytearray(line.rstrip(b"\n"))
    for _ in range(data.draw(st.integers(1, 4))):
        damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    try:
        from_line(bytes(damaged))
    except InputInvalid:
        return


def test_an_entry_comes_back_as_it_was(log: ReleaseLog) -> None:
    """With a canary, a shadow, and words in any script."""
    entry = log_module.Entry(
        1_512_104_400_000_001, Change("canary", "tiers", "アン", "größer\n“better”"), SegmenterRelease(A),
        Release(3, {"tiers": SegmenterRelease(B, A, Canary(C, 0.25), C)}),
    )  # fmt: skip
    line = to_line(entry)
    assert from_line(line) == entry
    assert line.count(b"\n") == 1
    assert json.loads(line)["segmenters"]["tiers"]["canary"] == {"version": C, "share": 0.25}


def test_a_long_log_is_read_from_its_end_and_whole(log: ReleaseLog, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the size of the piece that is read at once."""
    for number in range(2, 60):
        log.append(change(f"change {number}"), lambda release: set_canary(release, "tiers", B, release.serial / 1_000))
    for size in (1, 7, 333, 4_096, 1 << 20):
        monkeypatch.setattr(log_module, "TAIL_BYTES", size)
        assert [entry.release.serial for entry in log.entries()] == list(range(59, 0, -1))


def test_writers_of_many_processes_take_turns(log: ReleaseLog, tmp_path: Path) -> None:
    """No change is lost, no serial given twice."""
    script = (
        "import sys; from pathlib import Path; from strata.release import *\n"
        "log = ReleaseLog(Path(sys.argv[1]))\n"
        "for n in range(20):\n"
        "    log.append(Change('canary', 'tiers', sys.argv[2], str(n)),\n"
        "               lambda release: set_canary(release, 'tiers', 'b' * 12, (release.serial % 900 + 1) / 1000))\n"
    )
    path = str(tmp_path / "home" / "releases.jsonl")
    writers = [subprocess.Popen([sys.executable, "-c", script, path, str(number)]) for number in range(4)]
    assert [writer.wait() for writer in writers] == [0] * 4
    entries = list(log.entries())
    assert [entry.release.serial for entry in entries] == list(range(81, 0, -1))
    assert {entry.change.who for entry in entries[:-1]} == {"0", "1", "2", "3"}


def test_the_live_version_is_the_logs_or_what_is_said_otherwise(log: ReleaseLog, tmp_path: Path) -> None:
    """For a home without a log, and a segmenter no release names."""
    path = tmp_path / "home" / "releases.jsonl"
    log.append(change(), lambda release: promote(release, "tiers", B))
    assert live_version(path, "tiers", "latest") == B
    assert live_version(path, "promo", "latest") == "latest"
    assert live_version(tmp_path / "nothing.jsonl", "tiers", C) == C
