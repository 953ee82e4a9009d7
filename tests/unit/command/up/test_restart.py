"""When a child that died is started again."""

from __future__ import annotations

import doctest

from strata.command.up import restart
from strata.command.up.restart import LONGEST_DELAY_S, SETTLED_S, RestartPolicy


def test_the_documented_example_holds() -> None:
    """The doctest of the policy is true."""
    assert doctest.testmod(restart).failed == 0


def test_delays_are_bounded() -> None:
    """However often it dies, the next attempt is never further away than the longest delay."""
    policy = RestartPolicy()
    assert max(policy.died(0, 0) for _ in range(100)) == LONGEST_DELAY_S


def test_a_long_life_is_forgiven() -> None:
    """A child that had settled is started again at once, whatever came before."""
    policy = RestartPolicy()
    for _ in range(5):
        policy.died(0, 0)
    assert policy.died(0, SETTLED_S) == SETTLED_S + 0.5
    assert not policy.hopeless
