"""What the lab compares: every algorithm there is, each on two tables at least."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path

import pytest

from strata.errors import StrataError
from training.algorithms import list_algorithms
from training.lab import isolated
from training.lab.isolated import run_alone
from training.lab.simulated import simulate
from training.lab.subjects import Subject, define, subjects


def test_every_algorithm_is_a_subject_on_two_tables_at_least() -> None:
    """One that is added is compared without being named anywhere."""
    tables = Counter(each.algorithm for each in subjects())
    assert set(tables) == set(list_algorithms())
    assert min(tables.values()) >= 2


@pytest.mark.parametrize("subject", subjects(), ids=lambda each: each.name)
def test_every_subject_is_a_valid_definition(subject: Subject) -> None:
    """Of that algorithm, with a fallback among its own segments."""
    definition = define(subject)
    assert definition.algorithm.kind == subject.algorithm
    assert definition.fallback_in(definition.segment_keys)


def test_simulated_users_are_the_same_each_time() -> None:
    """By seed; some values are missing, and about one in twenty responds."""
    first, again = simulate(5_000, 12, 3), simulate(5_000, 12, 3)
    assert first.train.values.tobytes() == again.train.values.tobytes()
    assert first.test is not None
    assert len(first.test.values) == 1_000
    assert 0.02 < first.train.labels.mean() < 0.1


def test_work_that_fails_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With how it ended; and a result is the last line that says so."""
    (tmp_path / "piece.py").write_text(
        "import sys\nfrom training.lab.isolated import tell_result\nprint('other words')\n"
        "tell_result({'given': sys.argv[1]})\nsys.exit(int(sys.argv[2]))\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{':'.join(sys.path)}")
    assert run_alone("piece", "a", "0") == {"given": "a"}
    with pytest.raises(StrataError, match="a 3 ended with 3"):
        run_alone("piece", "a", "3")


def test_work_without_an_end_is_stopped_in_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What was being done, for how long, and what to try; and nothing of it goes on."""
    (tmp_path / "endless.py").write_text("while True:\n    pass\n")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{':'.join(sys.path)}")
    monkeypatch.setattr(isolated, "LONGEST_S", 0.36)
    with pytest.raises(
        StrataError, match=r"^endless kmeans 1000 was stopped after 0\.0001 hours; ask for one \(--only"
    ):
        run_alone("endless", "kmeans", "1000")
