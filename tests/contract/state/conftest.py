"""The stores of the contract."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_state import FakeState

from strata.state import State, open_state

Opener = Callable[[], State]


@pytest.fixture(params=["fake", "lmdb"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Opens one store, as often as it is called."""
    if request.param == "fake":
        first = FakeState()
        return lambda: FakeState(of=first)
    return lambda: open_state(tmp_path / "state", map_bytes=1 << 20)


@pytest.fixture
def state(opener: Opener) -> Iterator[State]:
    with opener() as opened:
        yield opened


@pytest.fixture
def other(state: State, opener: Opener) -> Iterator[State]:
    """The same store, opened once more."""
    with opener() as opened:
        yield opened
