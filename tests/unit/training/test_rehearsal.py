"""What only a library knows of its parameters is asked before any row is read."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from toy_training import NOW_US, RESPONDERS, ToyReader, toy_definition, toy_document, write_toy_events

from strata.errors import DefinitionInvalid, InputInvalid
from training.algorithms import list_algorithms
from training.definition import Definition
from training.labels.native_stderr import without_lightgbm
from training.labels.rehearsal import rehearse
from training.produce import Sources, produce


def _with(parameters: dict[str, Any], kind: str = "lightgbm", **changes: Any) -> Definition:
    algorithm = {"kind": kind, "trees": 2_000, "bands": RESPONDERS["algorithm"]["bands"], "parameters": parameters}  # type: ignore[index]
    return toy_definition(RESPONDERS, algorithm=algorithm, **changes)


@pytest.mark.parametrize("kind", list_algorithms())
def test_every_algorithm_passes_with_its_own_defaults(kind: str) -> None:
    """A few rows of chance are enough for each, and clusters are not asked."""
    rehearse(toy_definition(toy_document(kind)))


@pytest.mark.parametrize(
    ("kind", "parameters"),
    [
        ("lightgbm", {"learning_rate": -1}),
        ("lightgbm", {"num_leaves": 1}),
        ("lightgbm", {"num_leaves": 7.5}),
        ("xgboost", {"subsample": 7}),
        ("xgboost", {"max_depth": -3}),
    ],
)
def test_what_the_library_refuses_is_a_sentence(kind: str, parameters: dict[str, Any]) -> None:
    """With the parameter in it, and without a trace."""
    with pytest.raises(DefinitionInvalid, match=f"{kind} refuses its parameters.*{next(iter(parameters))}") as caught:
        rehearse(_with(parameters, kind))
    assert "\n" not in str(caught.value)


def test_a_refusal_is_told_once(capfd: pytest.CaptureFixture[str]) -> None:
    """LightGBM prints its own line past every logger; a person reads the sentence alone."""
    with pytest.raises(DefinitionInvalid, match=r"refuses its parameters: Check failed: \(num_leaves\) > \(1\)$"):
        rehearse(_with({"num_leaves": 1}))
    assert capfd.readouterr() == ("", "")


def test_what_others_say_meanwhile_is_not_lost(capfd: pytest.CaptureFixture[str]) -> None:
    """Standard error is the whole process's: only LightGBM's lines are kept from it, whatever was raised."""

    @without_lightgbm()
    def interrupted() -> None:
        os.write(2, b"before\n[LightGBM] [Fatal] Check failed: .\n\nafter [LightGBM]\n")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    os.write(2, b"and then\n")
    assert capfd.readouterr().err == "before\nafter [LightGBM]\nand then\n"


@pytest.mark.parametrize(
    ("ranges", "sentence"),
    [
        ({"parameters.learning_rate": {"low": -0.1, "high": 0.2}}, "learning_rate"),
        ({"parameters.num_leaves": {"low": 3, "high": 9}}, "num_leaves"),
        ({"parameters.leafs": {"low": 3, "high": 9}}, "tune.parameters: parameters.leafs"),
    ],
)
def test_a_search_that_would_come_to_such_parameters_is_refused(ranges: dict[str, Any], sentence: str) -> None:
    """At an end of its range, or between: leaves that are no whole number."""
    with pytest.raises(DefinitionInvalid, match=sentence):
        rehearse(_with({}, tune={"trials": 5, "parameters": ranges}))


class _Unread(ToyReader):
    """Features nobody should have to wait for."""

    def matrix(self, service: str, users: Any, times_us: Any) -> Any:
        raise AssertionError("features were read")


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"label": {"event_type": "cupon_redemption", "horizon_days": 30}}, r"did you mean coupon_redemption\?"),
        ({"label": {"event_type": "?", "horizon_days": 30}}, r"there are coupon_redemption, purchase\)"),
        ({"label": {"event_type": "purchase", "horizon_days": 30}}, "the training rows hold one class only"),
        ({"gates": {"roc_acu": 0.7}}, r"did you mean roc_auc\?"),
        ({"judge": {"protected": ["toy:spent"]}}, r"did you mean toy:spend\?"),
        ({"tune": {"trials": 1, "parameters": {"leafs": {"low": 1, "high": 2}}}}, "leafs: extra inputs"),
    ],
)
def test_a_training_that_cannot_end_well_reads_no_features(
    tmp_path: Path, changes: dict[str, Any], sentence: str
) -> None:
    """Minutes of reading are not spent on what the file and the labels show to be wrong."""
    sources = Sources(_Unread(), write_toy_events(tmp_path / "history"))
    with pytest.raises((DefinitionInvalid, InputInvalid), match=sentence):
        produce(toy_definition(RESPONDERS, **changes), sources, packages=tmp_path / "packages", as_of_us=NOW_US)
    assert not any((tmp_path / "packages").rglob("manifest.json"))
