"""Nothing half-written, nothing twice."""

from __future__ import annotations

import errno
import fcntl
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from small_imports import NOW_US, bring_in, events_of, quarantined, rows, shop, write_rows

from strata.errors import AlreadyRunning, InputInvalid, StrataError
from streaming.history import History
from streaming.importing import ImportStopped, import_file
from streaming.run import journal_path
from streaming.store.totals import Totals


def some(tmp_path: Path, count: int = 10) -> Path:
    """A file with `count` good rows, and a bad one among every five."""
    return write_rows(tmp_path / "rows.csv", rows(*({"user": "" if n % 5 == 4 else f"u{n}"} for n in range(count))))


def visible(home: Path) -> list[str]:
    """Files below a home, journals and lock aside."""
    return sorted(p.name for p in home.glob("**/*") if p.is_file() and p.parent.name != ".imports")


def test_the_same_file_again(tmp_path: Path) -> None:
    """A second import adds nothing, says so, and quarantines the same rows once."""
    home, path = tmp_path / "home", some(tmp_path)
    first = bring_in(path, home, batch_rows=3)
    before = visible(home)
    second = bring_in(path.rename(tmp_path / "other.csv"), home, batch_rows=3)
    assert first.totals == Totals(10, 8, 0, 2, 0, {"missing_user": 2})
    assert second.totals == Totals(10, 0, 8, 2, 0, {"missing_user": 2})
    assert visible(home) == before
    assert len(quarantined(home)) == 2


def test_ids_repeat_within_and_across_files(tmp_path: Path) -> None:
    """The first of several rows with an id is kept, in one batch, over batches and over files."""
    home = tmp_path / "home"
    ids = ["a", "b", "a", "c", "b"]
    path = write_rows(tmp_path / "rows.csv", rows(*({"id": i, "user": f"u{n}"} for n, i in enumerate(ids))))
    done = bring_in(path, home, batch_rows=3)
    assert (done.totals.accepted, done.totals.duplicate) == (3, 2)
    assert events_of(home, "event_id, user_id") == [("shop|a", "u0"), ("shop|b", "u1"), ("shop|c", "u3")]
    other = write_rows(tmp_path / "other.csv", rows({"id": "c", "at": "2020-01-01"}, {"id": "d"}))
    assert bring_in(other, home).totals.duplicate == 1


def test_rows_are_sorted_within_a_part(tmp_path: Path) -> None:
    """Parts lie in their month, in order of user and time."""
    home = tmp_path / "home"
    at = ["2023-07-02", "2023-07-01", "2023-06-30T23:30:00Z", "2023-07-01"]
    users = ["b", "b", "z", "a"]
    bring_in(
        write_rows(tmp_path / "r.csv", rows(*({"at": t, "user": u} for t, u in zip(at, users, strict=True)))), home
    )
    june, july = History(home / "history").event_files()
    assert (june.parent.name, july.parent.name) == ("month=2023-06", "month=2023-07")
    found = pq.read_table(july, columns=["user_id", "event_id"]).to_pylist()
    assert [(row["user_id"], row["event_id"]) for row in found] == [("a", "shop|3"), ("b", "shop|1"), ("b", "shop|0")]


def test_one_import_at_a_time(tmp_path: Path) -> None:
    """A second import is refused while another holds the history."""
    home, path = tmp_path / "home", some(tmp_path)
    bring_in(path, home)
    with (home / "history" / ".imports" / "lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(AlreadyRunning, match="another import"):
            bring_in(path, home)


class FullDisk:
    """Stands in for `write_table`: works `good` times, then leaves half a file and fails."""

    def __init__(self, good: int, error: BaseException) -> None:
        self.good, self.error, self.real = good, error, pq.write_table

    def __call__(self, table: Any, file: Any, **options: Any) -> None:
        self.good -= 1
        if self.good < 0:
            file.write(b"PAR1 half")
            raise self.error
        self.real(table, file, **options)


def test_a_full_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills is a sentence; batches before stay, nothing half-written does, and the next run goes on."""
    home, path = tmp_path / "home", some(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(pq, "write_table", FullDisk(3, OSError(errno.ENOSPC, "No space left on device")))
        with pytest.raises(StrataError, match=r"no space left on device\. Nothing half-written was kept"):
            bring_in(path, home, batch_rows=3)
    assert len(events_of(home)) == 4
    assert not [name for name in visible(home) if not name.endswith(".parquet")]
    done = bring_in(path, home, batch_rows=3)
    assert done.resumed_at == 5
    assert done.totals == Totals(10, 8, 0, 2, 0, {"missing_user": 2})
    assert len(events_of(home)) == 8
    assert len(quarantined(home)) == 2


def test_ctrl_c(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C says what was kept, and the next run goes on from there."""
    home, path = tmp_path / "home", some(tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(pq, "write_table", FullDisk(1, KeyboardInterrupt()))
        with pytest.raises(ImportStopped, match=r"first 2 rows are dealt with \(2 kept\); run the same command again"):
            bring_in(path, home, batch_rows=3)
    assert bring_in(path, home, batch_rows=3).resumed_at == 2


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    """A home below something that is no folder is a sentence."""
    (tmp_path / "home").write_text("a file", encoding="utf-8")
    with pytest.raises(StrataError, match="cannot be written: not a directory"):
        bring_in(some(tmp_path), tmp_path / "home")


@pytest.mark.parametrize("said", [b"", b"{}", b"[]", b"\xff", b'{"format": 1, "totals": {"read": 5}}'])
def test_a_damaged_journal(tmp_path: Path, said: bytes) -> None:
    """Without a readable journal an import begins again, and ids keep rows from being doubled."""
    home, path = tmp_path / "home", some(tmp_path)
    done = bring_in(path, home)
    journal_path(History(home / "history"), done.import_id).write_bytes(said)
    assert bring_in(path, home).totals.duplicate == 8
    assert len(events_of(home)) == 8


def test_a_history_that_lost_a_month(tmp_path: Path) -> None:
    """Importing again brings back what was removed, and only that, without touching other parts."""
    home = tmp_path / "home"
    path = write_rows(tmp_path / "rows.csv", rows({}, {"at": "2023-05-05"}, {"at": "2023-05-06"}))
    bring_in(path, home)
    may, _july = History(home / "history").event_files()
    may.unlink()
    assert (done := bring_in(path, home).totals).accepted == 2
    assert done.duplicate == 1
    assert len(events_of(home)) == 3


def test_rows_of_the_future_come_later(tmp_path: Path) -> None:
    """A row that was in the future is kept once it is not, beside what was kept before."""
    home = tmp_path / "home"
    path = write_rows(tmp_path / "rows.csv", rows({"at": "2023-12-05"}, {"at": "2023-12-25"}))
    early = import_file(path, shop(), home, NOW_US - 14 * 86_400_000_000)
    assert early.totals.reasons == {"future_time": 1}
    assert bring_in(path, home, batch_rows=1 << 18).totals == Totals(2, 1, 1, 0)
    assert len(events_of(home)) == 2
    assert quarantined(home) == []


def test_a_damaged_part(tmp_path: Path) -> None:
    """A part of the history that is no Parquet is named."""
    home, path = tmp_path / "home", some(tmp_path)
    bring_in(path, home)
    part = History(home / "history").event_files()[0]
    part.write_bytes(part.read_bytes()[:50])
    with pytest.raises(InputInvalid, match="a part of the history, cannot be read"):
        bring_in(path, home)


def test_totals_must_add_up() -> None:
    """A summary that does not add up is never shown."""
    with pytest.raises(AssertionError, match="does not add up"):
        Totals(read=3, accepted=1, duplicate=1)
    with pytest.raises(AssertionError, match="does not add up"):
        Totals(read=1, quarantined=1)
