"""Each number of segments judged once, whatever interrupts it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from algorithm_rows import grouped_rows, section_for

from strata.errors import InputInvalid
from training.algorithms import cluster_algorithm
from training.algorithms.port import Clusters, Floats
from training.clusters import search as module
from training.clusters.search import Search, search_counts
from training.scratch import Scratch, open_scratch
from training.sections import ClusterSection

VALUES = grouped_rows()[0]


class Killed(BaseException):
    """What a signal does to the work in hand."""


class CountingFit:
    """k-means that counts fits of all rows, and is killed at one of them."""

    def __init__(self, killed_at: int | None = None) -> None:
        self.whole: list[int] = []
        self._killed_at = killed_at

    def __call__(self, rows: Floats, count: int, seed: int) -> Clusters:
        if count == self._killed_at:
            raise Killed
        if rows is VALUES:
            self.whole.append(count)
        section = section_for("kmeans")
        assert isinstance(section, ClusterSection)
        return cluster_algorithm(section).fit(rows, section, count=count, seed=seed)


def _search(fit: CountingFit, scratch: Scratch, said: list[str] | None = None) -> Search:
    told = [] if said is None else said
    return search_counts(fit, VALUES, [2, 3, 4], bootstraps=2, seed=7, scratch=scratch, progress=told.append)


def test_a_killed_search_is_taken_up_where_it_was(tmp_path: Path) -> None:
    """Killed in the third number: the first two are not fitted again, and all figures are as if nothing had been."""
    undisturbed = _search(CountingFit(), Scratch())
    with pytest.raises(Killed):
        _search(CountingFit(killed_at=4), open_scratch(tmp_path, "x", VALUES))
    again, said = CountingFit(), list[str]()
    resumed = _search(again, open_scratch(tmp_path, "x", VALUES), said)
    assert again.whole == [4]
    assert resumed.candidates == undisturbed.candidates
    assert said == ["2 of 3 numbers of segments were judged before", "3 of 3 numbers of segments judged"]


def test_two_at_a_time_find_what_one_finds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Side by side, each number has its own seed: equal figures, equal clusters, in order."""
    alone = _search(CountingFit(), Scratch())
    monkeypatch.setattr(module, "SIDE_BY_SIDE_ROWS", 0)
    together = _search(CountingFit(), Scratch())
    assert together.candidates == alone.candidates
    for count in (2, 3, 4):
        assert together.found[count].labels.tolist() == alone.found[count].labels.tolist()


def test_a_number_the_rows_do_not_carry_is_a_note() -> None:
    """Three distinct rows are at most three clusters: 4 is said to be impossible, 2 and 3 are judged."""
    rows = np.repeat(np.eye(4)[:3], 20, axis=0)
    found = search_counts(
        CountingFit(), rows, [2, 3, 4], bootstraps=2, seed=7, scratch=Scratch(), progress=lambda said: None
    )
    assert [one.k for one in found.candidates] == [2, 3]
    assert len(found.notes) == 1
    assert found.notes[0].startswith("4 segments were not possible: the rows fill 3 of 4 clusters")


def test_where_no_number_is_possible_the_first_reason_is_raised() -> None:
    """Equal rows carry nothing."""
    with pytest.raises(InputInvalid, match="the rows fill 1 of 2 clusters"):
        search_counts(
            CountingFit(), np.ones((60, 3)), [2, 3], bootstraps=2, seed=7, scratch=Scratch(), progress=lambda said: None
        )


def test_many_rows_are_judged_on_samples_and_it_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    """A sentence for the evaluation."""
    monkeypatch.setattr(module, "BOOTSTRAP_ROWS", 100)
    assert "stability was judged on resamples of 100" in _search(CountingFit(), Scratch()).notes[0]
