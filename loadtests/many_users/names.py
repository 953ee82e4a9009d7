"""Simulated users: their names, and which of them are asked about next."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

_DIGITS: Final = 8
MOST_USERS: Final = 10**_DIGITS
_STRIDE: Final = 2_654_435_761
"""A prime (Knuth's, near 2**32 over the golden ratio): it spreads neighbouring ranks over all users."""


def user_name(number: int) -> str:
    """The number-th simulated user; byte order is the order of the numbers.

    >>> user_name(42)
    'user-00000042'
    """
    return f"user-{number:0{_DIGITS}d}"


def draw(pattern: str, among: int, count: int, draws: np.random.Generator) -> list[str]:
    """`count` of the first `among` users, with repeats.

    `uniform`: each as likely as any other, so that no read is helped by the one before. `zipf`: the k-th most popular
    of them in proportion to 1/k (by the continuous law, whose k is floor(among ** u) for u uniform in [0, 1)), the
    popular ones spread over the store. Raises KeyError for another pattern.

    >>> draw("uniform", 3, 4, np.random.default_rng(1))
    ['user-00000001', 'user-00000001', 'user-00000002', 'user-00000002']
    """
    numbers = _PATTERNS[pattern](among, count, draws)
    return [user_name(number) for number in numbers.tolist()]


def _uniform(among: int, count: int, draws: np.random.Generator) -> Any:
    return draws.integers(0, among, count)


def _zipf(among: int, count: int, draws: np.random.Generator) -> Any:
    ranks = np.floor(np.float64(among) ** draws.random(count)).astype(np.int64) - 1
    return ranks * _STRIDE % among


_PATTERNS: Final = {"uniform": _uniform, "zipf": _zipf}
