"""A calibrated, banded forest scores a row in the kernel as it does in Python, edges included."""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from kernels import forced
from plain_packages import write_packages

from strata.runtime import load_package
from strata.runtime.boosted import BoostedModel
from strata.runtime.booster import Booster
from strata.runtime.calibration import Calibration, Isotonic, Platt
from strata.runtime.native_call import KernelScore, Verdict

CALIBRATIONS = (
    Platt(1.3, -0.2),
    Platt(1e6, 0.0),
    Isotonic(np.array([-1.0, 0.0, 0.25, 1.5]), np.array([0.1, 0.3, 0.3, 0.95])),
    Isotonic(np.array([0.0]), np.array([0.5])),
)


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Booster, Any]]:
    """Trees, and rows for them with some values missing."""
    folders, matrix = write_packages(tmp_path_factory.mktemp("packages"), 200)
    with forced("native"):
        model = load_package(folders["promo"]).model
        assert isinstance(model, BoostedModel)
        yield model.booster, matrix[:, 8:]


def asked(score: KernelScore, row: Any) -> tuple[int, float]:
    """As the kernel asks."""
    found = Verdict()
    function = ctypes.CFUNCTYPE(None, ctypes.c_void_p, ctypes.c_void_p, ctypes.c_void_p)(score.function)
    function(score.model, np.ascontiguousarray(row).ctypes.data, ctypes.addressof(found))
    return found.segment, found.score


@pytest.mark.parametrize("calibration", CALIBRATIONS)
def test_segments_and_probabilities_are_pythons_to_the_last_bit(
    world: tuple[Booster, Any], calibration: Calibration
) -> None:
    """Thresholds lie on probabilities that occur: `at least` and `more than` are told apart."""
    trees, values = world
    occurring = np.unique([calibration.apply_one(trees.raw_one(row)) for row in values])
    inside = occurring[(occurring > 0) & (occurring < 1)]
    thresholds = inside[:: max(len(inside) // 4, 1)][:4]
    bands = np.arange(len(thresholds) + 1, dtype=np.int32)[::-1].copy()
    model = BoostedModel(trees, calibration, thresholds, bands)
    score = model.kernel_score()
    assert score is not None
    wanted = [model.score_row(row) for row in values]
    assert [asked(score, row) for row in values] == wanted
    together = model.score(values)
    assert together.segment_indexes.tolist() == [index for index, _ in wanted]
    assert together.scores.tolist() == np.float32([p for _, p in wanted]).tolist()


def test_a_calibration_it_does_not_know_is_left_to_python(world: tuple[Booster, Any]) -> None:
    class Foreign:
        apply = apply_one = to_json = None

    model = BoostedModel(world[0], Foreign(), np.array([0.5]), np.array([0, 1], dtype=np.int32))  # type: ignore[arg-type]
    assert model.kernel_score() is None
