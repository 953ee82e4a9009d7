"""Every algorithm, by the checks all of them pass. Nothing here names one: a new file is found by being there."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from algorithm_checks import CLUSTER_CHECKS, LABEL_CHECKS, clusters_are_repeatable, clusters_are_the_groups
from threadpoolctl import threadpool_limits

import training.algorithms
from training.algorithms import list_algorithms, section_of
from training.sections import ClusterSection

Check = Callable[[str], None]


def checks_of_all() -> list[tuple[str, Check]]:
    """Each algorithm there is, with each check of its sort."""
    return [
        (kind, check)
        for kind in list_algorithms()
        for check in (CLUSTER_CHECKS if issubclass(section_of(kind), ClusterSection) else LABEL_CHECKS)
    ]


@pytest.mark.parametrize(("kind", "check"), checks_of_all(), ids=lambda each: getattr(each, "__name__", each))
def test_every_algorithm_passes_every_check(kind: str, check: Check) -> None:
    """Repeatable, exported as it answers, sensible on new rows, firm against constant columns and other widths.

    On one thread, as the lab fits."""
    with threadpool_limits(1):
        check(kind)


_DROPPED_IN = """
from training.algorithms.kmeans import KMeansAlgorithm, KMeansSection
from typing import Literal

class DroppedInSection(KMeansSection):
    kind: Literal["dropped_in"]

class DroppedInAlgorithm(KMeansAlgorithm):
    kind = "dropped_in"
    section = DroppedInSection
    calls = 0

    def fit(self, values, section, *, count, seed):
        type(self).calls += 1
        return super().fit(values, section, count=count, seed=seed + {drift} * self.calls)

ALGORITHM = DroppedInAlgorithm()
"""


def _drop_in(folder: Path, monkeypatch: pytest.MonkeyPatch, drift: int) -> None:
    (folder / "dropped_in.py").write_text(_DROPPED_IN.replace("{drift}", str(drift)), encoding="utf-8")
    monkeypatch.setattr(training.algorithms, "__path__", [*training.algorithms.__path__, str(folder)])
    monkeypatch.delitem(sys.modules, "training.algorithms.dropped_in", raising=False)


def test_a_file_dropped_in_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is listed, its keys are read, and each check is asked of it: no line elsewhere names it."""
    _drop_in(tmp_path, monkeypatch, drift=0)
    assert "dropped_in" in list_algorithms()
    assert [check for kind, check in checks_of_all() if kind == "dropped_in"] == list(CLUSTER_CHECKS)
    clusters_are_the_groups("dropped_in")
    clusters_are_repeatable("dropped_in")


def test_a_file_that_breaks_a_promise_is_caught(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One whose clusters change from fit to fit with the same seed is not repeatable, and the check says so."""
    _drop_in(tmp_path, monkeypatch, drift=1)
    with pytest.raises(AssertionError):
        clusters_are_repeatable("dropped_in")


def test_each_is_named_as_its_file() -> None:
    """`kind` in a segmenter's file, the module's name and what the algorithm calls itself are one word."""
    for kind in list_algorithms():
        algorithm = training.algorithms._algorithm(kind)
        assert algorithm.kind == kind
        assert algorithm.section is section_of(kind)
