"""The C kernel under the compiler's own watch: no byte outside what it was given, no undefined arithmetic."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from event_factories import NOON_US, batch_of, every_function, make_event, plan_of
from kernels import forced, layout_of, reader_of, record_of

from strata.features import native_source
from strata.features.build import build_rows
from strata.features.builder import count, event_type, seconds
from strata.features.fold import fold_users
from strata.features.fold_state import Verdict
from strata.features.layout import QUOTA_EVENTS
from strata.features.packed import RecordDamaged
from strata.features.user_row import RowDamaged

ROOT = Path(__file__).resolve().parents[3]
CHILD = ROOT / "tests" / "doubles" / "fuzzed_kernel.py"
PLAN = plan_of(*every_function())
LAYOUT = layout_of(PLAN)


def watched(folder: Path) -> tuple[Path, dict[str, str]]:
    """The kernel built with gcc's sanitizers, and the environment it runs in; skips where gcc has none."""
    gcc = shutil.which("gcc")
    if gcc is None:
        pytest.skip("THERE IS NO GCC HERE, so nothing was said about the C kernel's memory")
    found = subprocess.run([gcc, "-print-file-name=libasan.so"], capture_output=True, text=True, check=True)
    runtime = Path(found.stdout.strip())
    if not runtime.is_absolute():
        pytest.skip("GCC HAS NO SANITIZERS HERE, so nothing was said about the C kernel's memory")
    library = folder / "watched.so"
    flags = ["-std=c11", "-O1", "-g", "-fPIC", "-shared", "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
    subprocess.run([gcc, *flags, "-o", str(library), *map(str, native_source.sources())], check=True)
    # With the system's malloc every row is a block of its own, and a byte past it is seen.
    watch = {"ASAN_OPTIONS": "detect_leaks=0", "PYTHONMALLOC": "malloc", "LD_PRELOAD": str(runtime)}
    paths = os.pathsep.join([str(ROOT), str(ROOT / "tests" / "doubles")])
    return library, {**os.environ, **watch, "PYTHONPATH": paths}


def test_sound_and_damaged_bytes_stay_inside_their_memory_and_agree_with_the_twin(tmp_path: Path) -> None:
    """Truncated and changed rows and records, folded and read in one process, end it neither way."""
    library, environ = watched(tmp_path)
    done = subprocess.run(
        [sys.executable, "-W", "ignore", str(CHILD), str(library), "4"],
        env=environ, capture_output=True, text=True, timeout=200, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-3_000:]
    answers, sentences = (int(word) for word in done.stdout.split() if word.isdigit())
    assert answers > 5
    assert sentences > 5


def test_threads_fold_and_read_side_by_side() -> None:
    """Scratch is one call's at a time: what one thread does never shows in another's rows or values."""
    events = [
        [make_event(event_id=f"{k}-{n}", value=n * k, event_time_us=NOON_US - n) for n in range(300)] for k in (1, 2)
    ]
    with forced("native"):
        rows = [dict(build_rows(LAYOUT, batch_of(each)))["u"] for each in events]
        reader = reader_of(LAYOUT, PLAN)
        values = [reader.one([row], NOON_US).values.tobytes() for row in rows]
        wrong: list[Any] = []

        def work(k: int) -> None:
            records = [record_of(event) for event in events[k]]
            for _ in range(30):
                folded = fold_users(LAYOUT, [None], records, np.zeros(300), np.full(300, -1))
                read = reader.many([[rows[k]] * 50], NOON_US).values
                if folded.rows != [rows[k]] or {row.tobytes() for row in read} != {values[k]}:
                    wrong.append(k)

        threads = [threading.Thread(target=work, args=(k,)) for k in (0, 1, 0, 1)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert wrong == []


def test_a_layout_of_numbers_past_any_time_is_left_to_the_twin() -> None:
    """What the C kernel cannot reckon with it does not take, and the answer is the twin's."""
    from dataclasses import replace

    odd = replace(LAYOUT, horizon_us=2**70)
    folds = []
    for implementation in ("pure", "native"):
        with forced(implementation):
            folds.append(
                fold_users(odd, [None], [record_of(make_event(event_id="e", event_time_us=NOON_US))], [0], [3])
            )
    assert folds[0].rows == folds[1].rows


@pytest.mark.parametrize("index", [-1, 1, 2**62])
def test_a_record_of_a_row_that_is_not_there_is_refused(index: int) -> None:
    """An index is checked before anything is folded."""
    with forced("native"), pytest.raises(IndexError, match="not there"):
        fold_users(LAYOUT, [None], [record_of(make_event())], [index], [0])


def test_values_that_do_not_fit_are_refused() -> None:
    """The reader never writes past the columns it was given."""
    row = dict(build_rows(LAYOUT, batch_of([make_event()])))["u"]
    with forced("native"):
        reading = reader_of(LAYOUT, PLAN)._rows[0]
        assert reading is not None
        with pytest.raises(ValueError, match="cannot hold"):
            reading.one(row, NOON_US, np.zeros(3))
        times = (np.zeros(1, dtype=np.int64), np.zeros(1, dtype=np.int64))
        with pytest.raises(ValueError, match="cannot hold"):
            reading.many([row], NOON_US, np.zeros((1, 3)), times)


def test_a_bulk_build_takes_events_of_one_instant_in_byte_order_of_their_ids() -> None:
    """Which event is over the quota is the same in every build, whatever order the history was read in."""
    events = [
        make_event(event_id=f"{'é' * (n % 2)}{n}", value=n, recorded_us=NOON_US + 60) for n in range(QUOTA_EVENTS + 9)
    ]
    ordered = sorted(events, key=lambda event: event["event_id"].encode())
    with forced("native"):
        nothing = np.full(len(events), -1)
        folded = fold_users(LAYOUT, [None], [record_of(event) for event in ordered], np.zeros(len(events)), nothing)
        assert (folded.verdicts == Verdict.OVER_QUOTA).tolist() == [False] * QUOTA_EVENTS + [True] * 9
        assert dict(build_rows(LAYOUT, batch_of(events[::-1])))["u"] == folded.rows[0]


@pytest.mark.parametrize("implementation", ["pure", "native"])
@pytest.mark.parametrize("text", [b"\xc3", b"\xa9", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xc0\x80", b"\xe9a"])
def test_a_text_that_is_no_utf8_is_damage_even_where_its_neighbour_would_complete_it(
    implementation: str, text: bytes
) -> None:
    """Each text stands for itself: an id that begins inside a character is none."""
    filler = "x" * len(text)
    record = bytearray(record_of(make_event(user_id=filler, event_id="yy" + filler)))
    record[64 : 64 + len(text)] = text
    for neighbour in (b"yy", b"\xa9y"):
        split = record[: 64 + len(text)] + neighbour + record[66 + len(text) :]
        with forced(implementation), pytest.raises(RecordDamaged):
            fold_users(LAYOUT, [None], [bytes(split)], [0], [0])


@pytest.mark.parametrize("implementation", ["pure", "native"])
def test_a_bit_past_the_last_tile_is_damage(implementation: str) -> None:
    """A column has a number for no tile that the row does not have, folded or read."""
    at = {"window": seconds(100)}
    plan = plan_of(count("bought", where=event_type.eq("purchase"), **at), count("all", **at))
    layout = layout_of(plan)
    types = ["purchase", "view", "view"]
    events = [make_event(event_type=type_, event_time_us=NOON_US - n * 10**7) for n, type_ in enumerate(types)]
    row = bytearray(dict(build_rows(layout, batch_of(events)))["u"])
    assert row[67:69] == bytes([1, 0b100])  # after the header and two distances: one-byte numbers, of the third tile
    for bit in range(3, 8):
        damaged = bytes(row[:68]) + bytes([row[68] | 1 << bit]) + bytes(row[69:])
        with forced(implementation):
            with pytest.raises(RowDamaged):
                fold_users(layout, [damaged], [record_of(make_event())], [0], [0])
            with pytest.raises(RowDamaged):
                reader_of(layout, plan).one([damaged], NOON_US)
