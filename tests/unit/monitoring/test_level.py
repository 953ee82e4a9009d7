"""The level: a ratio of trimmed means with its standard error."""

from math import log

import numpy as np
import pytest

from monitoring.drift.level import level


def test_the_ratio_of_a_scaled_sample_is_its_factor() -> None:
    """Trimming is by each sample's own values, so a factor comes out exactly, zeros and outliers included."""
    sample = np.concatenate([np.zeros(200), np.random.default_rng(1).lognormal(3, 1.2, 800)])
    found = level(sample, sample * 1.3)
    assert found is not None
    assert found.log_ratio == pytest.approx(log(1.3))


def test_a_single_huge_value_decides_nothing() -> None:
    """One spender of a billion is trimmed."""
    sample = np.random.default_rng(1).lognormal(size=1_000)
    found = level(sample, np.append(sample, 1e9))
    assert found is not None
    assert abs(found.log_ratio) < 0.01


@pytest.mark.parametrize(
    "values",
    [np.zeros(500), np.concatenate([np.zeros(500), np.ones(19)]), np.random.default_rng(2).normal(0, 1, 500)],
    ids=["all zero", "19 non-zero", "around zero"],
)
def test_a_ratio_that_means_nothing_is_not_given(values: np.ndarray) -> None:
    """Nothing to divide by: too few non-zero values, or a mean around zero."""
    assert level(values, np.ones(500)) is None


def test_a_few_refunds_do_not_disable_it() -> None:
    """Some negative values among many positive ones still have a mean away from zero."""
    sample = np.concatenate([np.full(10, -5.0), np.random.default_rng(1).lognormal(size=990)])
    found = level(sample, sample * 2)
    assert found is not None
    assert found.ratio == pytest.approx(2)


def test_two_samples_of_one_population_pass_the_noise_as_often_as_said() -> None:
    """2,000 pairs of 150 heavy-tailed values with zeros: the 1 % level is passed by about 1 %."""
    rng = np.random.default_rng(9)

    def draw() -> np.ndarray:
        return rng.lognormal(4, 1, 150) * (rng.random(150) > 0.2)

    found = [level(draw(), draw()) for _ in range(2_000)]
    passed = [abs(one.log_ratio) > one.noise(0.01) for one in found if one is not None]
    assert len(passed) == 2_000
    assert np.mean(passed) < 0.02
