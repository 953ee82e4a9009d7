"""The stores of the contract."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import pytest
import uvloop
from fake_state import FakeState
from redis_process import RedisProcess, require_redis

from strata.state import State, open_state

Opener = Callable[[], State]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Each asynchronous test of this folder runs in both kinds of loop: the gateway's, and a script's."""
    return {"asyncio": asyncio.new_event_loop, "uvloop": uvloop.new_event_loop}


@pytest.fixture(scope="session")
def shared_redis(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RedisProcess]:
    """One server for all the tests that leave it running."""
    require_redis()
    with RedisProcess(tmp_path_factory.mktemp("redis")) as server:
        yield server


@pytest.fixture
def emptied_redis(shared_redis: RedisProcess) -> RedisProcess:
    """The shared server with nothing in it."""
    shared_redis.ask("FLUSHALL")
    return shared_redis


@pytest.fixture
def own_redis(tmp_path: Path) -> Iterator[RedisProcess]:
    """A server to be unkind to. It syncs every write, so that what a kill takes is what a test took away."""
    require_redis()
    with RedisProcess(tmp_path / "redis", "--appendfsync", "always") as server:
        yield server


@pytest.fixture(params=["fake", "lmdb", "redis"])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Opens one store, as often as it is called."""
    if request.param == "fake":
        first = FakeState()
        return lambda: FakeState(of=first)
    if request.param == "redis":
        url = request.getfixturevalue("emptied_redis").url
        return lambda: open_state(url)
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
