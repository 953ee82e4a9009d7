"""Which cores a bench's processes run on: servers on the first, all else on the others, as in production."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator
from contextlib import contextmanager


def allowed_cores() -> list[int]:
    """The cores this process may run on. Ask before `pinned` narrows them."""
    return sorted(os.sched_getaffinity(0))


@contextmanager
def pinned(cores: Collection[int]) -> Iterator[None]:
    """This thread, and what it starts meanwhile, runs on `cores`; anywhere when there are none (a machine of one)."""
    before = os.sched_getaffinity(0)
    if cores:
        os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
