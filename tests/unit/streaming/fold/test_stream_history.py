"""Accepted events reach the history exactly once, whatever is killed between writing and saying so."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from strata.errors import StrataError
from strata.features.packed import PackedEvent, RecordKind, pack_event
from strata.processes import frugal
from streaming.fold.history_parts import Span
from streaming.fold.positions import PositionsDamaged, Staged, commit_parts, read_positions
from streaming.fold.stream_history import StreamHistory
from streaming.history import History, scan_events

DAY = 86_400_000_000


def record(number: int, at_us: int = 1_000) -> bytes:
    return pack_event(PackedEvent("ann", f"e{number}", "view", at_us, at_us, value=number))


def opened(root: Path, partitions: tuple[int, ...] = (0, 1), **limits: float) -> StreamHistory:
    history = StreamHistory(History(root), int(limits.get("records", 100)), limits.get("seconds", 60.0))
    history.assign(partitions)
    return history


def ids(root: Path) -> list[str]:
    return sorted(scan_events(root).column("event_id").to_pylist())


def test_what_is_flushed_is_read_back_whole(tmp_path: Path) -> None:
    """Every column of an accepted event stands in the history as it was published."""
    history = opened(tmp_path)
    event = PackedEvent("ann", "e1", "purchase", 40 * DAY, 40 * DAY + 5, -18_000, "s", "milk", "FOOD", 199, 2, 10)
    history.add_event(0, 0, pack_event(event))
    history.settle(0, 1)
    history.flush()
    row = scan_events(tmp_path).to_pylist()[0]
    assert (row["user_id"], row["event_id"], row["event_type"], row["utc_offset_s"]) == (
        "ann",
        "e1",
        "purchase",
        -18_000,
    )
    assert (row["session_id"], row["item_id"], row["category"]) == ("s", "milk", "FOOD")
    assert (row["value"], row["quantity"], row["discount"]) == (199, 2, 10)
    assert [path.parent.name for path in History(tmp_path).event_files()] == ["month=1970-02"]


def test_what_was_written_is_ignored_when_it_is_read_again(tmp_path: Path) -> None:
    """After a restart the log is read from before the flush; the records of then are not written twice."""
    first = opened(tmp_path)
    for offset in range(3):
        first.add_event(0, offset, record(offset))
    first.settle(0, 3)
    assert first.flush() == {0: 3}
    again = opened(tmp_path)
    for offset in range(5):
        again.add_event(0, offset, record(offset))
    again.settle(0, 5)
    assert again.flush() == {0: 5}
    assert ids(tmp_path) == ["e0", "e1", "e2", "e3", "e4"]


def test_a_part_no_position_covers_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker killed between the part and the positions leaves a part that the next one removes and writes again."""
    first = opened(tmp_path)
    first.add_event(0, 0, record(0))
    first.settle(0, 1)

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("streaming.fold.positions._write", killed)
        with pytest.raises(KeyboardInterrupt):
            first.flush()
    assert ids(tmp_path) == ["e0"]
    second = opened(tmp_path)
    assert (ids(tmp_path), list(tmp_path.rglob("*.tmp"))) == ([], [])
    for offset in (0, 1):
        second.add_event(0, offset, record(offset))
    second.settle(0, 2)
    second.flush()
    assert ids(tmp_path) == ["e0", "e1"]


def test_a_flush_that_failed_half_way_is_made_good_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that fills up between two partitions loses nothing and doubles nothing."""
    history = opened(tmp_path)
    for partition in (0, 1):
        history.add_event(partition, 0, record(partition))
        history.settle(partition, 1)
    import streaming.fold.stream_history as module

    real, calls = module.stage_events, []

    def full(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) == 2:
            raise OSError(28, "No space left on device")
        return real(*arguments)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(module, "stage_events", full)
        with pytest.raises(StrataError, match=r"(?i)no space"):
            history.flush()
    history.add_event(0, 1, record(7))
    history.settle(0, 2)
    assert history.flush() == {0: 2, 1: 1}
    assert ids(tmp_path) == ["e0", "e1", "e7"]


def test_a_flush_tries_again_what_failed_when_it_was_begun(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ends just after its disk has room again leaves everything in the history."""
    from streaming.fold import stream_history as module

    def full(*arguments: object) -> object:
        raise OSError(28, "No space left on device")

    history = opened(tmp_path)
    history.add_event(0, 0, record(0))
    history.settle(0, 1)
    with monkeypatch.context() as patched:
        patched.setattr(module, "stage_events", full)
        history.start()
        history._thread.submit(int).result()  # begun and failed
    history.add_event(0, 1, record(1))
    history.settle(0, 2)
    assert history.flush() == {0: 2}
    assert ids(tmp_path) == ["e0", "e1"]


def test_another_workers_partitions_are_left_alone(tmp_path: Path) -> None:
    """Taking over a partition removes leftovers of that one only, and positions of others stay."""
    commit_parts(tmp_path, {5: Staged(0, 9)})
    stranger = tmp_path / "events" / "month=1970-01" / f"{Span(5, 9, 12).stem}.parquet"
    stranger.parent.mkdir(parents=True)
    stranger.write_bytes(b"another worker is writing this")
    history = opened(tmp_path)
    history.settle(0, 4)
    history.flush()
    assert stranger.exists()
    assert read_positions(tmp_path) == {0: 4, 5: 9}


def test_a_worker_that_was_away_too_long_writes_nothing_twice(tmp_path: Path) -> None:
    """Its partition is another's by now: what it still writes is taken back when it sees that."""
    away, other = opened(tmp_path), opened(tmp_path)
    for worker in (away, other):
        worker.add_event(0, 0, record(0))
        worker.settle(0, 1)
    assert other.flush() == {0: 1}
    away.add_event(0, 1, record(1))
    away.settle(0, 2)
    assert away.flush() == {}
    assert ids(tmp_path) == ["e0"]


def test_it_is_due_by_number_or_by_time(tmp_path: Path) -> None:
    """A flush is due when enough is held, or when anything has been held for long enough."""
    now = [0.0]
    history = StreamHistory(History(tmp_path), 2, 10.0, monotonic=lambda: now[0])
    history.assign([0])
    assert not history.is_due()
    history.add_event(0, 0, record(0))
    assert not history.is_due()
    now[0] = 10.0
    assert history.is_due()
    now[0] = 1.0
    history.add_event(0, 1, record(1))
    assert history.is_due()


def test_what_writing_took_goes_back_once_a_minute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However often it writes."""
    now, given = [0.0], list[float]()
    monkeypatch.setattr(frugal, "give_back", lambda: given.append(now[0]))
    history = StreamHistory(History(tmp_path), 2, 10.0, monotonic=lambda: now[0])
    history.assign([0])
    for number in range(14):
        now[0] = 10.0 * number
        history.add_event(0, number, record(number))
        history.settle(0, number + 1)
        history.flush()
    assert given == [60.0, 120.0]


def test_facts_and_aliases_are_written_beside_the_events(tmp_path: Path) -> None:
    """Facts become text columns, aliases their own table."""
    import pyarrow.parquet as pq

    history = opened(tmp_path)
    history.add_facts(0, 0, PackedEvent("ann", "p1", "profile_update", 1, 2, kind=RecordKind.PROFILE), {"kids": "2"})
    history.add_alias(1, 0, PackedEvent("cookie", "a1", "alias", 3, 4, kind=RecordKind.ALIAS), "ann")
    history.settle(0, 1)
    history.settle(1, 1)
    history.flush()
    facts = [pq.read_table(path).to_pylist() for path in History(tmp_path).profile_files()]
    assert [(row["user_id"], row["kids"]) for rows in facts for row in rows] == [("ann", "2")]
    aliases = [pq.read_table(path).to_pylist() for path in History(tmp_path).alias_files()]
    assert [(row["alias_id"], row["user_id"], row["event_id"]) for rows in aliases for row in rows] == [
        ("cookie", "ann", "a1")
    ]


def test_damaged_positions_are_a_sentence(tmp_path: Path) -> None:
    """A file of positions that is not one stops the worker: guessing would double or lose events."""
    (tmp_path / "log_positions.json").write_text("[1, 2", encoding="utf-8")
    with pytest.raises(PositionsDamaged, match="nobody can tell which log records"):
        read_positions(tmp_path)
    (tmp_path / "log_positions.json").write_text(json.dumps([1]), encoding="utf-8")
    with pytest.raises(PositionsDamaged):
        opened(tmp_path)


class Held:
    """Holds back whoever is about to let parts be seen, until it is told to go on."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import streaming.fold.stream_history as module

        self.reached, self.go_on = threading.Event(), threading.Event()
        genuine = module.commit_parts

        def commit(*arguments: Any) -> set[int]:
            self.reached.set()
            assert self.go_on.wait(10)
            return genuine(*arguments)

        monkeypatch.setattr(module, "commit_parts", commit)


def give(history: StreamHistory, numbers: range, partition: int = 0) -> None:
    for offset in numbers:
        history.add_event(partition, offset, record(offset))
    history.settle(partition, numbers.stop)


def test_a_partition_lost_and_given_back_while_it_is_written_keeps_everything(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As a broker's death does: the writing of before the loss ends first, and is neither removed nor repeated."""
    held, history = Held(monkeypatch), opened(tmp_path)
    give(history, range(5))
    history.start()
    assert held.reached.wait(10)
    history.forget([0])
    threading.Timer(0.1, held.go_on.set).start()
    first = history.assign([0])[0]
    give(history, range(first, 8))
    assert history.flush()[0] == 8
    assert ids(tmp_path) == [f"e{number}" for number in range(8)]


def test_a_worker_that_takes_over_while_another_still_writes_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the other one had not let be seen is taken away from it, and it says so."""
    held, slow = Held(monkeypatch), opened(tmp_path)
    give(slow, range(5))
    slow.start()
    assert held.reached.wait(10)
    quick = opened(tmp_path)
    held.go_on.set()
    assert slow.finish(wait=True) == {}
    assert slow.take_behind() == {0: 0}
    give(quick, range(6))
    assert quick.flush() == {0: 6}
    assert ids(tmp_path) == [f"e{number}" for number in range(6)]
    assert list(tmp_path.rglob("*.tmp")) == []


def test_two_workers_writing_the_same_span_leave_one_of_it(tmp_path: Path) -> None:
    """And the one that came second goes on from where the first has got to."""
    one, other = opened(tmp_path), opened(tmp_path)
    for worker in (one, other):
        give(worker, range(5))
    assert (one.flush(), other.flush()) == ({0: 5}, {})
    assert (one.take_behind(), other.take_behind()) == ({}, {0: 5})
    give(other, range(5, 7))
    assert other.flush() == {0: 7}
    assert ids(tmp_path) == [f"e{number}" for number in range(7)]
    give(one, range(5, 9))
    assert one.flush() == {}
    [(_, begin)] = one.take_behind().items()
    give(one, range(begin, 9))
    assert one.flush() == {0: 9}
    assert ids(tmp_path) == [f"e{number}" for number in range(9)]


def test_a_batch_given_twice_is_held_once(tmp_path: Path) -> None:
    """A batch that failed half way is folded again from its beginning; kinds of records have their own order."""
    history = opened(tmp_path)
    facts = PackedEvent("ann", "p1", "profile_update", 5, 5, kind=RecordKind.PROFILE)
    for _ in range(2):
        history.add_event(0, 0, record(0))
        history.add_event(0, 2, record(2))
        history.add_facts(0, 1, facts, {"kids": "1"})
        history.add_alias(0, 3, facts, "bob")
    assert history.held == 4
    history.settle(0, 4)
    history.flush()
    assert ids(tmp_path) == ["e0", "e2"]
    files = History(tmp_path)
    assert [pq.ParquetFile(path).metadata.num_rows for path in (*files.profile_files(), *files.alias_files())] == [1, 1]


def test_what_is_not_settled_is_not_written(tmp_path: Path) -> None:
    """Half a batch: a worker that is killed then reads it again, and it is there once."""
    history = opened(tmp_path)
    give(history, range(3))
    history.add_event(0, 3, record(3))
    assert history.flush() == {0: 3}
    assert (ids(tmp_path), history.held) == (["e0", "e1", "e2"], 1)
    again = opened(tmp_path)
    give(again, range(3, 5))
    again.flush()
    assert ids(tmp_path) == [f"e{number}" for number in range(5)]
