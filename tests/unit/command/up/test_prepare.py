"""Preparation runs commands in lanes, each as soon as what it needs is done."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from threading import Event

import pytest

from strata.command.up.prepare import Preparation, PreparationStopped
from strata.command.up.steps import Step
from strata.errors import StrataError


def _step(name: str, lane: str, needs: tuple[str, ...] = (), arguments: tuple[str, ...] = ("version",)) -> Step:
    return Step(name, name, arguments, lane, needs, lambda: False, lambda: "")


class Run:
    """One preparation and what it reported."""

    def __init__(self, folder: Path, steps: list[Step]) -> None:
        self.stop = Event()
        self.finished: list[str] = []
        self.folder = folder
        self.preparation = Preparation(
            steps, folder, os.environ, self.stop, lambda *_: None, lambda step: self.finished.append(step.name)
        )


def test_needs_are_met_across_lanes(tmp_path: Path) -> None:
    """A step waits for its needs in the other lane; each step is finished once."""
    steps = [_step("a", "one"), _step("b", "two", ("a",)), _step("c", "one", ("b",)), _step("d", "two", ("c",))]
    run = Run(tmp_path, steps)
    run.preparation.run()
    assert run.finished == ["a", "b", "c", "d"]


def test_what_is_done_already_is_not_waited_for(tmp_path: Path) -> None:
    """A need that is not among the steps was met before."""
    run = Run(tmp_path, [_step("b", "one", ("a",))])
    run.preparation.run()
    assert run.finished == ["b"]


def test_what_a_step_prints_goes_to_its_lanes_log(tmp_path: Path) -> None:
    """Standard output of a step never mixes with the protocol or the terminal."""
    Run(tmp_path, [_step("a", "one")]).preparation.run()
    assert "strata 0.1.0" in (tmp_path / "prepare-one.log").read_text(encoding="utf-8")


def test_a_failing_step_ends_the_preparation_with_its_words(tmp_path: Path) -> None:
    """The sentence says which step failed and what it said; steps after it are not run."""
    run = Run(tmp_path, [_step("a", "one"), _step("b", "one", (), ("vanish",)), _step("c", "one")])
    with pytest.raises(StrataError, match=r"(?s)b failed: .*there is no command 'vanish'"):
        run.preparation.run()
    assert run.finished == ["a"]


@pytest.mark.parametrize("there", [True, False])
def test_a_version_that_is_not_accepted_fails_nothing_where_one_was(tmp_path: Path, there: bool) -> None:
    """A training that ends in hold leaves the version before; without one the preparation has failed."""
    mistaken = ("version", "--no-such-option")
    held = Step("a", "a", mistaken, "one", (), lambda: there, lambda: "", kept=frozenset({2}))
    run = Run(tmp_path, [held, _step("b", "one", ("a",))])
    if there:
        run.preparation.run()
        assert run.finished == ["a", "b"]
    else:
        with pytest.raises(StrataError, match="a failed: "):
            run.preparation.run()


def test_a_lane_that_dies_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A process that ends without an answer is named by its step and its exit code."""
    monkeypatch.setattr(sys, "executable", "/bin/false")
    with pytest.raises(StrataError, match="a: its process ended with 1; see "):
        Run(tmp_path, [_step("a", "one")]).preparation.run()


def test_being_asked_to_stop_ends_the_steps(tmp_path: Path) -> None:
    """Stopping is not a failure of a step, and what was finished stays finished."""
    run = Run(tmp_path, [_step("a", "one")])
    run.stop.set()
    with pytest.raises(PreparationStopped):
        run.preparation.run()
