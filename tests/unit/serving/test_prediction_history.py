"""The prediction log read again: exactly what can be answered with, and nothing where that cannot be told."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from toy_segmenter import toy_profile

from serving.adapters.parquet_prediction_history import ParquetPredictionHistory
from serving.adapters.prediction_columns import Block
from serving.adapters.prediction_files import PredictionFile
from serving.domain.assignments import Source
from serving.domain.segmenter import SegmenterProfile
from strata.clock import FixedClock

TIERS, PROMO, OLD = toy_profile("tiers"), toy_profile("promo"), toy_profile("tiers", version="0000000000ff")
NOW_US = 1_512_000_000_000_000
Row = tuple[str, int, float, int]
"""User, segment, score, live at so many microseconds before now."""


def _block(rows: Sequence[Row], source: Source = Source.LIVE) -> Block:
    users, indexes, scores, ages = zip(*rows, strict=True)
    encoded = [user.encode() for user in users]
    count = len(rows)
    return Block(
        users=b"".join(encoded),
        user_bytes=np.array([len(user) for user in encoded], dtype=np.int32),
        as_of_us=NOW_US - np.array(ages, dtype=np.int64),
        known_at_us=NOW_US - np.array(ages, dtype=np.int64),
        segment_indexes=np.array(indexes, dtype=np.int32),
        scores=np.array(scores, dtype=np.float32),
        sources=np.full(count, source, dtype=np.uint8),
        degradations=np.zeros(count, dtype=np.uint8),
        values=np.ones((count, 2)),
    )


def _write(folder: Path, number: int, *blocks: Block, profile: SegmenterProfile = TIERS, writer: str = "w000") -> Path:
    """A file as `PredictionRotation` names it; a row group per block."""
    name = f"{number:016d}-{writer}-{profile.version}-{number:06d}"
    file = PredictionFile(folder / profile.name, name, profile)
    for block in blocks:
        file.write([block])
    file.finish()
    return folder / profile.name / f"{name}.parquet"


def _history(folder: Path, *profiles: SegmenterProfile) -> ParquetPredictionHistory:
    return ParquetPredictionHistory(folder, profiles or (TIERS,), FixedClock(NOW_US))


def _read(history: ParquetPredictionHistory, most: int = 100) -> list[Row]:
    """Everything, in the order in which it is told."""
    found: list[Row] = []
    for file in history.files(most):
        for users, indexes, scores, live_at_us in history.read(file):
            ages = [NOW_US - at_us for at_us in live_at_us]
            found += zip(users, indexes, scores, ages, strict=True)
    return found


def test_answers_come_back_as_they_were_given_the_newest_first(tmp_path: Path) -> None:
    """Over files, row groups and rows; whichever worker wrote them."""
    _write(tmp_path, 1, _block([("ann", 0, 0.5, 60)]))
    _write(
        tmp_path, 2, _block([("bé", 1, 0.25, 50)]), _block([("cat", 2, 1.0, 40), ("dan", 0, 0.0, 30)]), writer="w001"
    )
    assert _read(_history(tmp_path)) == [
        ("dan", 0, 0.0, 30), ("cat", 2, 1.0, 40), ("bé", 1, 0.25, 50), ("ann", 0, 0.5, 60),
    ]  # fmt: skip


def test_what_was_last_known_comes_back_by_the_moment_it_was_live_and_a_fallback_never(tmp_path: Path) -> None:
    known = _block([("ann", 2, 0.5, 60)], Source.LAST_KNOWN)
    known.as_of_us[:] = NOW_US
    fallback = _block([("bob", 0, np.nan, 10), ("cat", 0, 0.5, 10)], Source.FALLBACK)
    _write(tmp_path, 1, known, fallback)
    assert _read(_history(tmp_path)) == [("ann", 2, 0.5, 60)]


def test_what_lies_in_the_future_was_not_yet_said(tmp_path: Path) -> None:
    """A clock that was put back, or a replay that began again."""
    _write(tmp_path, 1, _block([("ann", 1, 0.5, -1), ("bob", 1, 0.5, 0)]))
    assert _read(_history(tmp_path)) == [("bob", 1, 0.5, 0)]


def test_only_versions_that_are_served_are_read(tmp_path: Path) -> None:
    """By the name, and by what the file itself says where a name lies."""
    _write(tmp_path, 1, _block([("ann", 1, 0.5, 9)]))
    _write(tmp_path, 2, _block([("ann", 2, 0.5, 8)]), profile=OLD)
    _write(tmp_path, 3, _block([("ann", 0, 0.5, 7)]), profile=PROMO)
    lies = _write(tmp_path, 4, _block([("ann", 2, 0.5, 6)]), profile=OLD)
    lies.rename(lies.with_name(lies.name.replace(OLD.version, TIERS.version)))
    history = _history(tmp_path)
    assert [file.name[:16] for file in history.files(9)] == [f"{4:016d}", f"{1:016d}"]
    assert _read(history) == [("ann", 1, 0.5, 9)]
    both = _history(tmp_path, TIERS, PROMO)
    assert [file.key for file in both.files(9)] == [TIERS.key, PROMO.key, TIERS.key]


def test_no_more_files_are_named_than_wanted_and_those_the_newest(tmp_path: Path) -> None:
    for number in range(1, 6):
        _write(tmp_path, number, _block([("ann", 1, 0.5, 10 - number)]), profile=TIERS if number % 2 else PROMO)
    assert [file.name[15:16] for file in _history(tmp_path, TIERS, PROMO).files(3)] == ["5", "4", "3"]


def test_a_segment_the_version_does_not_have_is_left_out(tmp_path: Path) -> None:
    """As is a score that is none."""
    path = _write(tmp_path, 1, _block([("ann", 0, 0.5, 3), ("bob", 1, 0.5, 2), ("cat", 2, 1.5, 1), ("dan", 2, 0.5, 1)]))
    table = pq.read_table(path)
    renamed = pa.array(["low", "elsewhere", "high", "high"])
    pq.write_table(table.set_column(table.schema.get_field_index("segment"), "segment", renamed), path)
    assert _read(_history(tmp_path)) == [("dan", 2, 0.5, 1), ("ann", 0, 0.5, 3)]


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-100])


def _without(path: Path) -> None:
    pq.write_table(pq.read_table(path).drop_columns(["live_at"]), path)


def _other_type(path: Path) -> None:
    table = pq.read_table(path)
    pq.write_table(table.set_column(0, "user_id", pa.array([7] * len(table))), path)


def _a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


@pytest.mark.parametrize(
    "harm",
    [
        _cut,
        _without,
        _other_type,
        _a_folder,
        lambda path: path.write_bytes(b""),
        lambda path: path.write_text("x" * 999),
    ],
)
def test_a_file_that_is_none_is_skipped_with_a_line(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, harm: Callable[[Path], None]
) -> None:
    """The others are read."""
    _write(tmp_path, 1, _block([("ann", 1, 0.5, 9)]))
    harm(_write(tmp_path, 2, _block([("bob", 1, 0.5, 8)])))
    assert _read(_history(tmp_path)) == [("ann", 1, 0.5, 9)]
    assert [record.getMessage() for record in caplog.records] == ["predictions not read again"]


def test_no_byte_that_rots_in_a_file_becomes_an_answer(tmp_path: Path) -> None:
    """Whichever it is of the pages: what is told is what was written, or nothing."""
    rows = [("ann", 0, 0.5, 3), ("bob", 1, 0.25, 2), ("cat", 2, 1.0, 1)]
    path = _write(tmp_path, 1, _block(rows))
    sound, history = path.read_bytes(), _history(tmp_path)
    footer = len(sound) - 8 - int.from_bytes(sound[-8:-4], "little")
    lost = 0
    for position in range(4, footer):
        path.write_bytes(sound[:position] + bytes([sound[position] ^ 0x01]) + sound[position + 1 :])
        found = _read(history)
        assert set(found) <= set(rows), position
        lost += found != rows[::-1]
    assert lost > footer // 4


def test_files_that_vanish_or_are_not_finished_are_no_fault(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """Nor is a home where nothing was logged yet."""
    assert _history(tmp_path / "nowhere").files(9) == []
    path = _write(tmp_path, 1, _block([("ann", 1, 0.5, 9)]))
    path.rename(path.with_name(f".pending-{path.name}"))
    assert _history(tmp_path).files(9) == []
    path.with_name(f".pending-{path.name}").rename(path)
    [file] = _history(tmp_path).files(9)
    path.unlink()
    assert list(_history(tmp_path).read(file)) == []
    assert caplog.records == []


def test_nothing_heavy_is_imported_by_reading(tmp_path: Path) -> None:
    """pyarrow imports pandas for less."""
    _write(tmp_path, 1, _block([("ann", 1, 0.5, 9), ("bob", 0, np.nan, 8)]))
    code = (
        "import sys; from pathlib import Path; from test_prediction_history import _history, _read; "
        f"had = set(sys.modules); print(_read(_history(Path({str(tmp_path)!r})))); "
        "print([m for m in ('pandas', 'scipy', 'pyarrow.dataset') if m in set(sys.modules) - had])"
    )
    path = [*sys.path, str(Path(__file__).parent)]
    ran = subprocess.run(
        [sys.executable, "-c", f"import sys; sys.path[:] = {path!r}; {code}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert ran.stdout.splitlines() == ["[('ann', 1, 0.5, 9)]", "[]"]
