"""One prepared home for the whole tier, and the platform that runs from it when a test needs it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from platform_process import Keeper, PlatformProcess
from reflecting_client import ReflectingClient


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Everything below this folder starts the whole platform."""
    for item in items:
        if "tests/e2e" in item.path.as_posix():
            item.add_marker(pytest.mark.e2e)


@pytest.fixture(scope="session")
def keeper(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keeper]:
    """The home. Whatever still runs from it is ended with the session."""
    one = Keeper(tmp_path_factory.mktemp("platform") / "home")
    yield one
    one.stopped()


@pytest.fixture
def platform(keeper: Keeper) -> PlatformProcess:
    """A platform that serves."""
    return keeper.running()


@pytest.fixture
def client(platform: PlatformProcess) -> Iterator[ReflectingClient]:
    """A caller without protos."""
    one = ReflectingClient(platform.addresses["grpc"])
    yield one
    one.close()
