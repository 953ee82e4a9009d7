"""Row views from the history, at a point in time."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from history_files import write_facts

from feature_repo.offline.facts import facts_at
from feature_repo.offline.frame import Asked
from feature_repo.offline.history import ParquetSource

T = 1_500_000_000_000_000


def source_at(home: Path) -> ParquetSource:
    return ParquetSource("facts", str(home / "history/profile/*.parquet"), "event_time", "recorded_at")


def fact(user: str, at_us: int, kids: str | None, recorded_us: int | None = None) -> dict:
    return {"user_id": user, "event_time_us": at_us, "recorded_us": recorded_us or at_us, "kids": kids}


def kids_at(home: Path, pairs: list[tuple[str, int]], *, ttl_us: int = 0, as_known: bool = True) -> list:
    asked = Asked(np.array([u for u, _ in pairs], dtype=object), np.array([t for _, t in pairs], dtype=np.int64))
    return facts_at(source_at(home), ["kids"], ttl_us, asked, as_known=as_known).column("kids").to_pylist()


def test_the_newest_fact_at_or_before_t_counts(tmp_path: Path) -> None:
    """A fact counts from its own instant on, until a newer one; before the first there is none."""
    write_facts(tmp_path, [fact("a", T, "0"), fact("a", T + 10, "1"), fact("b", T + 5, "2")])
    asked = [("a", T - 1), ("a", T), ("a", T + 9), ("a", T + 10), ("b", T + 10), ("c", T + 10), ("a", T)]
    assert kids_at(tmp_path, asked) == [None, "0", "0", "1", "2", None, "0"]


def test_a_fact_recorded_later_was_not_known(tmp_path: Path) -> None:
    """A backdated fact is used from the moment it was recorded, and always when asked what is known now."""
    write_facts(tmp_path, [fact("a", T, "0"), fact("a", T + 10, "1", recorded_us=T + 100)])
    assert kids_at(tmp_path, [("a", T + 50), ("a", T + 100)]) == ["0", "1"]
    assert kids_at(tmp_path, [("a", T + 50)], as_known=False) == ["1"]


def test_of_two_facts_at_one_time_the_one_recorded_last_counts(tmp_path: Path) -> None:
    """A correction with the same event time replaces what it corrects."""
    write_facts(tmp_path, [fact("a", T, "1", recorded_us=T + 2), fact("a", T, "0", recorded_us=T + 1)])
    assert kids_at(tmp_path, [("a", T + 1), ("a", T + 2)]) == ["0", "1"]


def test_a_ttl_holds_at_both_ends(tmp_path: Path) -> None:
    """A fact is true from its event time to that plus the ttl, both included."""
    write_facts(tmp_path, [fact("a", T, "1")])
    assert kids_at(tmp_path, [("a", T), ("a", T + 100), ("a", T + 101)], ttl_us=100) == ["1", "1", None]


def test_no_facts_at_all_is_all_null(tmp_path: Path) -> None:
    """Without a single file every fact is missing, and nothing fails."""
    assert kids_at(tmp_path, [("a", T), ("b", T)]) == [None, None]
