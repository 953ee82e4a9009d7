"""Servers that come, die, are refused and go, by an injected clock on a machine made of objects."""

from __future__ import annotations

import logging
import subprocess
import sys
from dataclasses import dataclass, field

import pytest
from toy_place import ToyPlace

from serving.follow.follower import ALONE_S, LET_GO_S, Follower, NothingServed
from serving.follow.place import Ports
from serving.follow.version_server import LEFTOVERS_S, SLOWLY_S, START_S
from serving.json_logs import Repeats

FIRST = Ports(10, 11)
END_S = 8.0


@dataclass
class Scene:
    """A follower over a toy place; `named` is the release."""

    named: tuple[str, ...] = ("a",)
    place: ToyPlace = field(default_factory=ToyPlace)
    now_s: float = 1_000.0

    def __post_init__(self) -> None:
        self.follower = Follower(lambda: self.named, self.place, FIRST, END_S)

    def after(self, seconds: float) -> None:
        """Let time pass and have the follower look three times: a look sees what the one before it did."""
        self.now_s += seconds
        for _ in range(3):
            self.follower.step(self.now_s)

    def serving(self, *versions: str) -> None:
        """Have these versions serve, each as soon as it is started."""
        self.place.answering |= set(versions)
        for _ in versions:
            self.after(1.0)
        assert set(versions) <= set(self.place.published)


@pytest.fixture
def scene() -> Scene:
    return Scene()


def test_an_address_is_told_when_the_server_answers_and_not_before(scene: Scene) -> None:
    """The first version has the settings' ports, another one free ones, and waits for the first to answer."""
    scene.named = ("a", "b")
    scene.after(0.0)
    assert [(each.version, each.ports) for each in scene.place.started] == [("a", FIRST)]
    assert scene.place.published == {}
    scene.serving("a", "b")
    assert scene.place.published == {"a": FIRST, "b": Ports(102, 103)}


def test_a_server_that_hangs_at_its_start_keeps_others_waiting_for_a_while_only(scene: Scene) -> None:
    """It is killed after two minutes, and started again."""
    scene.named = ("a", "b")
    scene.after(0.0)
    scene.place.answering = {"b"}
    scene.after(ALONE_S)
    assert list(scene.place.published) == ["b"]
    scene.after(START_S - ALONE_S)
    assert scene.place.of("a").code is None
    scene.after(1.0)
    assert scene.place.of("a").code == -9
    scene.after(5.0)
    assert [each.again for each in scene.place.started if each.version == "a"] == [False, True]


def test_a_dead_server_comes_back_on_its_ports(scene: Scene) -> None:
    """Its address stays, its log is gone on with, and the other version is not touched."""
    scene.named = ("a", "b")
    scene.serving("a", "b")
    before = dict(scene.place.published)
    scene.place.of("b").code = -9
    scene.after(0.0)
    scene.after(0.2)
    assert (scene.place.of("b").again, scene.place.of("b").ports) == (True, before["b"])
    assert scene.place.published == before
    assert [each.version for each in scene.place.started] == ["a", "b", "b"]


def test_it_waits_for_what_a_dead_server_left(scene: Scene) -> None:
    """Workers hold its ports; those that do not drain in time are killed."""
    scene.serving("a")
    with subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"]) as worker:
        try:
            scene.place.left = [worker.pid]
            scene.place.of("a").code = -9
            scene.after(0.0)
            scene.after(LEFTOVERS_S - 0.1)
            assert worker.poll() is None
            scene.after(0.1)
            assert worker.wait(5) == -9
        finally:
            worker.kill()
    assert len(scene.place.started) == 1
    scene.place.left = []
    scene.after(0.0)
    assert len(scene.place.started) == 2


def test_a_version_that_cannot_be_served_is_tried_slowly_beside_the_others(
    scene: Scene, caplog: pytest.LogCaptureFixture
) -> None:
    """Said once, with its reason, however often it is tried; on other ports, for those may be what it lacks."""
    scene.named = ("a", "b", "c")
    scene.serving("a")
    scene.after(0.0)
    with caplog.at_level(logging.INFO, "strata.follower"):
        for _ in range(3):
            scene.place.of("b").code = 1
            scene.serving("c")
            scene.after(SLOWLY_S - 0.1)
            assert scene.place.of("b").code == 1
            scene.after(0.1)
    assert [each.version for each in scene.place.started] == ["a", "b", "c", "b", "b", "b"]
    assert len({each.ports for each in scene.place.started if each.version == "b"}) == 4
    assert set(scene.place.published) == {"a", "c"}
    told = [vars(each)["fields"] for each in caplog.records if each.levelno == logging.ERROR]
    assert told == [{"version": "b", "reason": "its model.txt is damaged", "pause_s": SLOWLY_S}]
    scene.serving("b")


def test_what_happens_to_two_at_once_is_told_of_both(scene: Scene, caplog: pytest.LogCaptureFixture) -> None:
    """Though a message that repeats within a second is held back."""
    scene.named = ("a", "b")
    scene.serving("a", "b")
    repeats = Repeats(lambda: 0.0)
    caplog.handler.addFilter(repeats)
    for version in scene.named:
        scene.place.of(version).code = -9
    scene.after(0.0)
    caplog.handler.removeFilter(repeats)
    assert [vars(each)["fields"]["version"] for each in caplog.records] == ["a", "b"]


def test_a_full_disk_is_waited_out(scene: Scene) -> None:
    """Neither a log that cannot be opened nor an address that cannot be written ends the follower."""
    scene.named = ("a", "b")
    scene.serving("a")
    scene.place.full = True
    scene.after(5.0)
    scene.place.full = False
    scene.after(5.0)
    scene.place.full = True
    scene.place.answering = {"a", "b"}
    scene.after(1.0)
    assert list(scene.place.published) == ["a"]
    scene.place.full = False
    scene.after(1.0)
    assert list(scene.place.published) == ["a", "b"]
    assert [each.version for each in scene.place.started] == ["a", "b"]


def test_a_start_that_serves_nothing_is_a_failure_with_the_servers_words(scene: Scene) -> None:
    """Once every version named was refused; whoever started the follower is told why the live one was."""
    scene.named = ("a", "b")
    scene.after(0.0)
    scene.place.of("a").code = 1
    scene.after(0.0)
    scene.place.words = "its manifest.json is damaged"
    scene.place.of("b").code = 1
    with pytest.raises(NothingServed, match=r"its model\.txt is damaged"):
        scene.after(0.0)


def test_a_follower_that_has_served_does_not_end_by_itself(scene: Scene) -> None:
    """Its only version is damaged by now; it may be mended."""
    scene.serving("a")
    scene.place.of("a").code = -9
    scene.after(0.0)
    scene.after(1.0)
    scene.place.answering.clear()
    scene.place.of("a").code = 1
    scene.after(0.0)
    scene.after(SLOWLY_S)
    assert len(scene.place.started) >= 3


def test_a_version_no_longer_named_loses_its_address_first(scene: Scene) -> None:
    """Ten seconds on; gateways have two to let go, the server its drain, and then it is killed."""
    scene.named = ("a", "b")
    scene.serving("a", "b")
    scene.named = ("a",)
    scene.after(9.9)
    assert "b" in scene.place.published
    scene.after(0.1)
    leaving = scene.place.of("b")
    assert (list(scene.place.published), leaving.asked) == (["a"], False)
    scene.after(LET_GO_S)
    assert (leaving.asked, leaving.code) == (True, None)
    scene.after(END_S)
    assert leaving.code == -9
    assert scene.place.cleared == [leaving.ports]
    assert scene.place.of("a").code is None


def test_a_version_named_again_while_its_server_leaves_has_a_new_one(scene: Scene) -> None:
    """On ports of its own: the old one may hold its for a while."""
    scene.named = ("a", "b")
    scene.serving("a", "b")
    old = scene.place.of("b")
    scene.named = ("a",)
    scene.after(10.0)
    scene.named = ("a", "b")
    scene.after(0.0)
    assert scene.place.published["b"] == scene.place.of("b").ports != old.ports
    scene.after(LET_GO_S)
    assert (old.asked, scene.place.of("b").asked) == (True, False)
