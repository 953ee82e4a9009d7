"""LMDB among processes and threads: growing maps, flips, dead readers. Nobody who reads is disturbed."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from strata.state import environment as environments
from strata.state import open_state
from strata.state.ports import Rows

TABLE = "events_history@3600"
USERS = [f"u{number:04d}" for number in range(400)]
READER = """
import sys
from strata.state import open_state
users = [f"u{number:04d}" for number in range(400)]
seen = [-1]
with open_state(sys.argv[1], readonly=True, map_bytes=1 << 20) as state:
    print("reading", flush=True)
    while seen[-1] < 50:
        [rows] = state.read_views([sys.argv[2]], users)
        [row] = set(rows)
        assert int(row[:4]) >= seen[-1], (row[:4], seen[-1])
        seen.append(int(row[:4]))
print(len(set(seen)), flush=True)
"""
WORKER = """
import sys
from strata.state import open_state
users = [f"u{number:04d}" for number in range(400)]
with open_state(sys.argv[1]) as state:
    at = state.positions("events_history@3600").get(0, 0)
    print(at, flush=True)
    while True:
        row = b"%d" % (at + 1) * 300
        state.transform("events_history@3600", users, lambda rows: [row] * len(users),
                        positions={0: at + 1}, expected={0: at} if at else None)
        at += 1
"""
DYING_READER = """
import os, signal, sys
import lmdb
transaction = lmdb.open(sys.argv[1], readonly=True, max_dbs=8).begin()
transaction.get(b"x")
os.kill(os.getpid(), signal.SIGKILL)
"""


def start(program: str, *arguments: str) -> subprocess.Popen[str]:
    """Another process."""
    return subprocess.Popen([sys.executable, "-c", program, *arguments], stdout=subprocess.PIPE, text=True)


def test_two_processes_during_fifty_flips_of_a_growing_map_see_whole_generations(tmp_path: Path) -> None:
    """Each read is of one generation, and time never goes back, while the file grows a hundredfold."""
    folder = tmp_path / "state"
    with open_state(folder, map_bytes=1 << 20) as state:

        def flip(number: int) -> None:
            with state.begin_generation(TABLE) as generation:
                generation.put((user, b"%04d" % number + bytes(100 * number)) for user in USERS)
                generation.commit(number)

        flip(0)
        readers = [start(READER, str(folder), TABLE) for _ in range(2)]
        try:
            for reader in readers:
                assert reader.stdout is not None
                assert reader.stdout.readline() == "reading\n"
            for number in range(1, 51):
                flip(number)
            for reader in readers:
                out, _ = reader.communicate(timeout=60)
                assert reader.returncode == 0
                assert int(out) > 2
        finally:
            for reader in readers:
                reader.kill()


def test_a_map_that_grows_under_threads_that_read_disturbs_none(tmp_path: Path) -> None:
    """A process may write and read at once; resizing waits for the reads of that moment."""
    with open_state(tmp_path / "state", map_bytes=1 << 20) as state:
        state.put(TABLE, [(user, b"0") for user in USERS])
        stopping, reads, failures = threading.Event(), [0], []

        def read() -> None:
            try:
                while not stopping.is_set():
                    assert None not in state.read(TABLE, USERS)
                    reads[0] += 1
            except BaseException as error:  # a thread's failure is the test's
                failures.append(error)

        threads = [threading.Thread(target=read) for _ in range(3)]
        for thread in threads:
            thread.start()
        for number in range(12):
            state.put(f"table{number}", [(user, os.urandom(4_000)) for user in USERS])
        stopping.set()
        for thread in threads:
            thread.join()
        assert not failures
        assert reads[0] > 10


@pytest.mark.parametrize("checks", [True, False])
def test_a_reader_that_died_does_not_let_the_file_grow_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, checks: bool
) -> None:
    """Its slot is freed within seconds; without that every page written since would stay."""
    monkeypatch.setattr(environments, "READER_CHECK_S", 0.0 if checks else 1e9)
    folder = tmp_path / "state"

    def longer(rows: Rows) -> Rows:
        return [bytes(4_000) for _ in rows]

    with open_state(folder) as state:
        for _ in range(3):
            state.transform(TABLE, USERS, longer)
        before = (folder / "data.mdb").stat().st_blocks
        with start(DYING_READER, str(folder)) as reader:
            assert reader.wait(30) == -signal.SIGKILL
        for _ in range(20):
            state.transform(TABLE, USERS, longer)
        growth = (folder / "data.mdb").stat().st_blocks / before
    assert growth < 2 if checks else growth > 4


def test_a_worker_killed_at_any_moment_leaves_rows_and_positions_of_one_batch(tmp_path: Path) -> None:
    """The next one begins where the rows are."""
    chance, before = random.Random(5), 0
    for _ in range(5):
        with start(WORKER, str(tmp_path)) as worker:
            assert worker.stdout is not None
            assert int(worker.stdout.readline()) == before
            time.sleep(0.05 + 0.1 * chance.random())
            worker.kill()
        with open_state(tmp_path, readonly=True) as state:
            before = state.positions(TABLE).get(0, 0)
            assert set(state.read(TABLE, USERS)) == {b"%d" % before * 300 if before else None}
    assert before > 5
