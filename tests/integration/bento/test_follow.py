"""A real `strata bento follow`: servers of toy packages that come and go with the release.

The tests share one follower and are in the order of a release's life; each leaves it with version `live` served.
"""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest
from bento_process import free_port
from follower_process import FollowerProcess, until
from toy_package import write_toy_promo

from serving.follow.described import describes
from strata.release import (
    Change,
    Release,
    ReleaseLog,
    end_canary,
    end_shadow,
    set_canary,
    set_shadow,
    with_segmenter,
)
from strata.release.addresses import write_address

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]

NAME = "toy_promo"
WANTED = {"STRATA_SEGMENTERS__TOY_PROMO__PLACEMENT": "remote"}


@dataclass
class Home:
    """A home with packages: one live, one to be tried, one damaged."""

    path: Path
    live: str
    trial: str
    damaged: str

    def release(self, step: Callable[[Release], Release]) -> None:
        """Log a change."""
        ReleaseLog(self.path / "releases.jsonl").append(Change("promote", NAME, "ann", "a test"), step)

    def follower(self) -> FollowerProcess:
        """A follower of the live version, where no release says otherwise."""
        return FollowerProcess(self.path, NAME, **WANTED, STRATA_SEGMENTERS__TOY_PROMO__VERSION=self.live)


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """The packages; and an address that a follower of yesterday left behind."""
    path = tmp_path_factory.mktemp("follow")
    folders = [write_toy_promo(path / "packages", description=each) for each in ("live", "trial", "damaged")]
    (folders[2] / "model.txt").write_text("tree", encoding="utf-8")
    write_address(path / "run" / "bentos", NAME, folders[1].name, "127.0.0.1:1")
    return Home(path, *(folder.name for folder in folders))


@pytest.fixture(scope="module")
def follower(home: Home) -> Iterator[FollowerProcess]:
    """It runs until a test kills it."""
    with home.follower() as one:
        yield one


def test_before_the_first_release_the_version_of_the_settings_is_served(home: Home, follower: FollowerProcess) -> None:
    """On the configured port, and a first release that names it changes nothing. Stale addresses are gone."""
    assert follower.described(home.live) == (NAME, home.live)
    assert follower.address(home.live) == f"127.0.0.1:{follower.grpc_port}"
    assert follower.address(home.trial) is None
    asked = [describes("127.0.0.1", follower.grpc_port, *each) for each in ((NAME, home.live), (NAME, home.trial))]
    assert asked == [True, False]
    assert not describes("127.0.0.1", free_port(), NAME, home.live)
    first = follower.server(home.live)
    home.release(lambda release: with_segmenter(release, NAME, home.live))
    time.sleep(0.5)
    assert follower.server(home.live) == first is not None


def test_a_canary_is_served_beside_the_live_version(home: Home, follower: FollowerProcess) -> None:
    """At an address of its own, once it answers as exactly that version; a damaged shadow disturbs neither."""
    live = follower.server(home.live)
    home.release(lambda release: set_shadow(release, NAME, home.damaged))
    home.release(lambda release: set_canary(release, NAME, home.trial, 0.5))
    assert follower.described(home.trial) == (NAME, home.trial)
    assert follower.address(home.trial) != follower.address(home.live)
    until(lambda: bool(follower.events("version cannot be served; tried again slowly")))
    refused = follower.events("version cannot be served; tried again slowly")
    assert [one["version"] for one in refused] == [home.damaged]
    assert "model.txt is not the file the manifest lists" in refused[0]["reason"]
    assert follower.address(home.damaged) is None
    home.release(lambda release: end_shadow(release, NAME))
    assert follower.described(home.live) == (NAME, home.live)
    assert follower.server(home.live) == live


def test_a_killed_server_comes_back_on_its_port(home: Home, follower: FollowerProcess) -> None:
    """Whoever was told of it finds it again there; the other version's server is not touched."""
    address, live, killed = (follower.address(home.trial), follower.server(home.live), follower.server(home.trial))
    assert killed is not None
    os.kill(killed, signal.SIGKILL)
    until(lambda: follower.server(home.trial) not in (None, killed))
    assert follower.described(home.trial) == (NAME, home.trial)
    assert follower.address(home.trial) == address
    assert follower.server(home.live) == live


def test_a_release_that_names_a_version_again_finds_it_running(home: Home, follower: FollowerProcess) -> None:
    """Some seconds after it ceased to be named; after ten it is forgotten first, and then it ends."""
    address, running = follower.address(home.trial), follower.server(home.trial)
    home.release(lambda release: end_canary(release, NAME))
    time.sleep(2.0)
    home.release(lambda release: set_canary(release, NAME, home.trial, 0.2))
    time.sleep(0.5)
    assert (follower.address(home.trial), follower.server(home.trial)) == (address, running)
    home.release(lambda release: end_canary(release, NAME))
    until(lambda: follower.address(home.trial) is None)
    assert follower.server(home.trial) == running is not None
    until(lambda: follower.server(home.trial) is None)
    assert follower.described(home.live) == (NAME, home.live)


def test_a_second_follower_is_refused(home: Home, follower: FollowerProcess) -> None:
    """They would serve everything twice and take each other's addresses away."""
    with home.follower() as second:
        assert second.process.wait(60) == 1
    assert f"already runs from {home.path} (process {follower.process.pid})" in second.said()
    assert follower.described(home.live) == (NAME, home.live)


def test_a_killed_follower_leaves_nothing_to_trip_over(home: Home, follower: FollowerProcess) -> None:
    """Kill -9, and a new one at once: the old servers go by themselves, the new one serves, and ends cleanly."""
    old = follower.living()
    follower.end(signal.SIGKILL)
    with home.follower() as second:
        until(lambda: follower.address(home.live) == f"127.0.0.1:{second.grpc_port}")
        assert second.described(home.live) == (NAME, home.live)
        assert not set(old) & set(psutil.pids())
        assert second.end() == 0
        assert second.living() == []
    assert second.address(home.live) is None
    assert list((home.path / "run" / f"bento-{NAME}-homes").iterdir()) == []


def test_a_killed_follower_takes_its_servers_along(home: Home) -> None:
    """Also where no other one is started: kill -9 while the server is being started leaves no process."""
    with home.follower() as one:
        until(lambda: len(one.living()) > 0)
        one.end(signal.SIGKILL)
        until(lambda: one.living() == [])


def test_a_start_that_can_serve_nothing_is_a_sentence(tmp_path: Path) -> None:
    """As that of `strata bento serve`: exit code 1 and the reason, on the last line of the log."""
    folder = write_toy_promo(tmp_path / "packages")
    (folder / "model.txt").write_text("tree", encoding="utf-8")
    with FollowerProcess(tmp_path, NAME, **WANTED) as one:
        assert one.process.wait(60) == 1
        assert one.living() == []
    assert "model.txt is not the file the manifest lists" in one.said().splitlines()[-1]
    assert one.said().splitlines()[-1].startswith("strata: ")
