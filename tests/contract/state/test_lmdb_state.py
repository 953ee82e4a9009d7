"""What LMDB adds to the contract: several processes, kills, and files that are not whole."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import lmdb
import pytest

from strata.errors import StoreDamaged, StoreUnavailable
from strata.state import LmdbState, open_state
from strata.state import environment as environments
from strata.state import generation as generations

WRITER = """
import sys
from strata.state import open_state
with open_state(sys.argv[1]) as state:
    generation = state.begin_generation("spend")
    generation.put((f"{n:06d}", b"new" * 100) for n in range(12_000))
    print("half", flush=True)
    sys.stdin.readline()
    generation.commit(9)
    print("done", flush=True)
    sys.stdin.readline()
"""


@contextmanager
def writer_of(folder: Path) -> Iterator[subprocess.Popen[str]]:
    """Another process in the middle of a generation."""
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(folder)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as writer:
        try:
            assert line_of(writer) == "half\n"
            yield writer
        finally:
            writer.kill()


def line_of(writer: subprocess.Popen[str]) -> str:
    """What it says next."""
    assert writer.stdout is not None
    return writer.stdout.readline()


def step(writer: subprocess.Popen[str]) -> None:
    """Let it go on."""
    assert writer.stdin is not None
    writer.stdin.write("\n")
    writer.stdin.flush()


def filled(folder: Path, rows: int = 2_000) -> Path:
    """A closed state with one view."""
    with open_state(folder) as state, state.begin_generation("spend") as generation:
        generation.put((f"{n:06d}", b"old" * 100) for n in range(rows))
        generation.commit(1)
    return folder


def test_a_reader_sees_another_process_s_flip_at_its_next_read(tmp_path: Path) -> None:
    """No restart, no reopening: the read after a commit elsewhere has the new rows only."""
    folder = filled(tmp_path / "state", rows=10)
    with open_state(folder, readonly=True) as reader:
        assert reader.read("spend", ["000001", "011999"]) == [b"old" * 100, None]
        with writer_of(folder) as writer:
            assert reader.read("spend", ["000001", "011999"]) == [b"old" * 100, None]
            step(writer)
            assert line_of(writer) == "done\n"
            assert reader.read("spend", ["000001", "011999"]) == [b"new" * 100] * 2
            assert reader.watermark_us("spend") == 9


def test_a_writer_killed_in_a_generation_leaves_the_old_rows_and_its_rest_is_cleared(tmp_path: Path) -> None:
    """After kill -9 readers go on with what they had, and the next rebuild holds its own rows alone."""
    folder = filled(tmp_path / "state", rows=10)
    with writer_of(folder) as writer:
        writer.send_signal(signal.SIGKILL)
        assert writer.wait(30) == -signal.SIGKILL
    with open_state(folder) as state:
        assert state.read("spend", ["000001", "011999"]) == [b"old" * 100, None]
        assert state.watermark_us("spend") == 1
        with state.begin_generation("spend") as generation:
            generation.put([("only", b"1")])
            generation.commit(2)
        assert state.read("spend", ["only", "000001", "011999"]) == [b"1", None, None]


@pytest.mark.parametrize("keep", [0.0005, 0.3, 0.9, 0.999])
def test_a_truncated_file_is_said_to_be_damaged_before_it_is_mapped(tmp_path: Path, keep: float) -> None:
    """A sentence with the way out, where reading would have killed the process with SIGBUS."""
    data = filled(tmp_path / "state") / "data.mdb"
    os.truncate(data, int(data.stat().st_size * keep))
    for readonly in (True, False):
        with pytest.raises(StoreDamaged, match="strata features materialize"):
            open_state(tmp_path / "state", readonly=readonly)


@pytest.mark.parametrize("garbage", [b"x", b"not a database" * 1_000, bytes(8_192)])
def test_a_file_that_is_no_lmdb_file_is_said_to_be_damaged(tmp_path: Path, garbage: bytes) -> None:
    """Whatever lies there, opening it gives a sentence and leaves it alone."""
    (tmp_path / "data.mdb").write_bytes(garbage)
    with pytest.raises(StoreDamaged, match="strata features materialize"):
        open_state(tmp_path)
    assert (tmp_path / "data.mdb").read_bytes() == garbage


def test_a_missing_state_is_unavailable_to_a_reader_and_made_by_a_writer(tmp_path: Path) -> None:
    """A gateway that starts before the first build is told which command makes the state."""
    with pytest.raises(StoreUnavailable, match="strata features materialize"):
        open_state(tmp_path / "none", readonly=True)
    assert not (tmp_path / "none").exists()
    with open_state(tmp_path / "none") as state:
        assert state.read("spend", ["a"]) == [None]


def test_a_process_has_one_environment_per_real_path(tmp_path: Path) -> None:
    """Opening twice, by another name too, shares the map; the last close lets go of it."""
    (tmp_path / "link").symlink_to(tmp_path / "state")
    first = open_state(tmp_path / "state")
    second = open_state(tmp_path / "link", readonly=True)
    first.put("spend", [("a", b"1")])
    first.close()
    first.close()
    assert second.read("spend", ["a"]) == [b"1"]
    second.close()
    with open_state(tmp_path / "state", readonly=True) as reader:
        assert reader.read("spend", ["a"]) == [b"1"]
        with pytest.raises(StoreUnavailable, match="reading only"):
            open_state(tmp_path / "state")


def test_a_read_only_state_refuses_to_write(tmp_path: Path) -> None:
    """In words, and before anything happens."""
    folder = filled(tmp_path / "state", rows=1)
    with open_state(folder, readonly=True) as state:
        with pytest.raises(StoreUnavailable, match="reading only"):
            state.put("spend", [("a", b"1")])
        with pytest.raises(StoreUnavailable, match="reading only"):
            state.begin_generation("spend")


def test_every_close_leaves_a_file_that_opens_again(tmp_path: Path) -> None:
    """Freed pages at the end of the file are never taken for a truncation."""
    for number in range(8):
        with open_state(tmp_path / "state") as state, state.begin_generation("spend") as generation:
            generation.put((f"{n:05d}", b"x" * 5_000) for n in range(50 * (number % 3) + 1))
            if number % 2:
                generation.commit(number)
    with open_state(tmp_path / "state", readonly=True) as state:
        assert state.read("spend", ["00000"]) == [b"x" * 5_000]


def test_the_old_generation_s_pages_are_freed_by_the_flip(tmp_path: Path) -> None:
    """After a commit only the current rows are kept, where the old ones were not many."""
    folder = filled(tmp_path / "state", rows=50)
    with open_state(folder) as state, state.begin_generation("spend") as generation:
        generation.put([("a", b"1"), ("b", b"2")])
        generation.commit(2)
    with lmdb.open(str(folder), max_dbs=8, readonly=True) as environment, environment.begin() as transaction:
        slots = [
            environment.open_db(name, txn=transaction, create=False) for name in (b"rows/spend/0", b"rows/spend/1")
        ]
        assert sorted(transaction.stat(slot)["entries"] for slot in slots) == [0, 2]


def entries(state: LmdbState) -> list[int]:
    """Rows in the two slots of `spend`."""
    slots = state._slots("spend")
    with state._environment.lmdb.begin() as look:
        return [look.stat(slot)["entries"] for slot in slots]


def writing_between_turns(state: LmdbState, monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Another writer's batches, one in each pause of whoever clears rows: what they wrote."""
    others: list[int] = []
    monkeypatch.setattr(
        "strata.state.generation.time.sleep", lambda _: others.append(state.put("other", [("a", b"1")]))
    )
    return others


def test_a_large_old_generation_waits_for_the_next_rebuild_and_goes_in_turns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a flip nor a rebuild's beginning keeps other writers out for as long as all its rows take."""
    monkeypatch.setattr(generations, "CLEARED_ROWS", 10)
    folder = filled(tmp_path / "state", rows=95)
    with open_state(folder) as state:
        others = writing_between_turns(state, monkeypatch)
        with state.begin_generation("spend") as generation:
            generation.put([("a", b"1"), ("b", b"2")])
            generation.finish(b"note", {0: 7})
            generation.commit(2)
        assert others == []
        assert state.read("spend", ["a", "000001"]) == [b"1", None]
        assert sorted(entries(state)) == [2, 95]
        assert state.open_finished("spend") is None
        with state.begin_generation("spend") as generation:
            assert others == [1] * 9
            assert (generation.positions(), sorted(entries(state))) == ({}, [0, 2])
            generation.put([("c", b"3")])
            generation.commit(3)
        assert state.read("spend", ["a", "c", "000001"]) == [None, b"3", None]


def test_an_aborted_rebuild_is_cleared_in_turns_and_not_a_successor_s(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Others write while it goes; where another rebuild has begun meanwhile its rows stay."""
    monkeypatch.setattr(generations, "CLEARED_ROWS", 10)
    folder = filled(tmp_path / "state", rows=5)
    with open_state(folder) as state:
        others = writing_between_turns(state, monkeypatch)
        generation = state.begin_generation("spend")
        generation.put((f"{n:06d}", b"new") for n in range(35))
        generation.abort()
        assert (others, sorted(entries(state))) == ([1] * 3, [0, 5])
        first, second = state.begin_generation("spend"), state.begin_generation("spend")
        second.put((f"{n:06d}", b"new") for n in range(35))
        first.abort()
        assert (len(others), sorted(entries(state))) == (3, [5, 35])
        second.commit(9)
        assert state.read("spend", ["000034"]) == [b"new"]


@pytest.mark.parametrize(("share", "ahead"), [(1.0, True), (0.0, False)])
def test_only_a_file_that_fits_into_memory_is_read_ahead(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float, ahead: bool
) -> None:
    """Rows of a larger one are asked for in no order: what came with them would push out others."""
    folder = filled(tmp_path / "state", rows=10)
    monkeypatch.setattr(environments, "MEMORY_SHARE", share)
    for readonly in (True, False):
        with open_state(folder, readonly=readonly) as state:
            assert state._environment.lmdb.flags()["readahead"] is ahead
            assert state.read("spend", ["000001"]) == [b"old" * 100]
