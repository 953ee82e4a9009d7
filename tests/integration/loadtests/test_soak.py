"""The soak, short and on a toy home: a gateway and a stream process instead of the whole platform."""

from __future__ import annotations

import json
import shutil
import threading
from contextlib import ExitStack
from pathlib import Path

import psutil
import pytest
from registry_files import windowed_message
from toy_home import add_view, make_home

from loadtests.live.places import make_place
from loadtests.live.servers import Gateway, Stream
from loadtests.soak.crowd import Crowd
from loadtests.soak.plan import Plan
from loadtests.soak.platforms import copy_home, family_of
from loadtests.soak.report import document_of, print_soak
from loadtests.soak.trial import Outcome, Soak
from strata.errors import InputInvalid, StrataError
from strata.settings import Settings
from strata.state import open_state

pytestmark = [pytest.mark.integration, pytest.mark.timeout(120)]
USERS = {f"u{n}": (n % 11, float(n % 11), n % 4) for n in range(120)}
UNREAD_ROWS = 500
PLAN = Plan(
    minutes=0.12, calls_per_s=60, batches_per_s=4, events_per_s=20, watchers=2, release_every_s=1.0, sample_s=0.25,
    look_s=1.0,
)  # fmt: skip


SHORT_LIVES = {"GATEWAY__MAX_CONNECTION_AGE_S": "2", "GATEWAY__DRAIN_S": "1"}
"""Connections come to their end within a soak of seconds."""


class TwoServers:
    """A platform of a gateway and a stream process."""

    def __init__(self, folder: Path, stack: ExitStack) -> None:
        settings = make_home(folder / "platform", USERS)
        add_view(settings.registry, windowed_message())
        with open_state(settings.state) as state:
            state.put("unread", ((f"u{number}", bytes(4_000)) for number in range(UNREAD_ROWS)))
        (folder / "soak").mkdir()
        place = make_place(settings, folder / "soak", log="embedded", state="lmdb", GATEWAY__WORKERS="2", **SHORT_LIVES)
        (place.home / "packages").unlink()
        shutil.copytree(settings.packages, place.home / "packages")
        shutil.copytree(settings.state, place.home / "state")
        self.home = place.home
        self.stream, self.gateway = stack.enter_context(Stream(place)), stack.enter_context(Gateway(place))
        self.gateway_address, self.stream_address = self.gateway.address, self.stream.address

    def families(self) -> dict[str, list[int]]:
        return {each.name: family_of(psutil.Process(each.pid)) for each in (self.stream, self.gateway)}


def soak(tmp_path: Path, plan: Plan = PLAN, interrupt_s: float = 100.0) -> Outcome:
    with ExitStack() as stack:
        platform = TwoServers(tmp_path, stack)
        stop = threading.Event()
        interrupt = threading.Timer(interrupt_s, stop.set)
        interrupt.start()
        stack.callback(interrupt.cancel)
        crowd = Crowd(list(USERS), [], [f"active-{number}" for number in range(20)])
        return Soak(platform, plan, crowd, lambda _: None).run(stop, "toy_tiers")


def test_every_kind_of_call_is_made_and_nothing_is_wrong(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Memory of each process, folders, answers by source, releases: all of it is in the document."""
    outcome = soak(tmp_path)
    document = json.loads(json.dumps(document_of(PLAN, outcome)))
    assert (document["wrong"], document["complete"]) == ({}, True)
    assert set(document["processes"]) == {"stream", "gateway", "gateway.1", "gateway.2"}
    assert min(found["rss_mb"][0] for found in document["processes"].values()) > 1
    mapped_mb = {name: found["state_mb"][0] for name, found in document["processes"].items()}
    assert mapped_mb["gateway"] == 0  # the supervisor has no state; the others have mapped also what nobody asks for
    assert min(mapped_mb[name] for name in ("stream", "gateway.1", "gateway.2")) > UNREAD_ROWS * 4_000 / (1 << 20)
    seen = document["seen"]
    assert seen["GetSegments"]["live"] > 100
    assert seen["BatchGetSegments"]["live"] > 100
    assert seen["PublishEvents"]["accepted"] > 10
    assert seen["StreamEvents"]["accepted"] > 10
    assert seen["WatchSegments"]["changes"] > 10
    assert min(seen["WatchSegments"]["closed with its connection"], seen["WatchSegments"]["left"]) > 0
    assert {"promote", "roll back", "canary"} <= seen["releases"].keys()
    assert document["folders"]["log"]["bytes"] > 0
    assert document["looks"]["compared"] > 50
    print_soak(document)
    assert "answers about quiet users held to" in capsys.readouterr().out


def test_an_interrupt_reports_what_was_seen_until_then(tmp_path: Path) -> None:
    """It is not called complete."""
    outcome = soak(tmp_path, Plan(minutes=5, sample_s=0.25), interrupt_s=1.5)
    document = document_of(PLAN, outcome)
    assert not outcome.complete
    assert document["seen"]["GetSegments"]["calls"] > 10


def test_a_caller_that_breaks_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A load that is no longer offered would prove nothing."""
    monkeypatch.setattr("loadtests.soak.callers.make_event", lambda *_: 1 / 0)
    with pytest.raises(StrataError, match=r"publish-\w+ broke: ZeroDivisionError"):
        soak(tmp_path)


def test_a_home_that_is_not_prepared_is_a_sentence(tmp_path: Path) -> None:
    """Before anything is started."""
    with pytest.raises(InputInvalid, match="strata up --prepare-only"):
        copy_home(Settings(home=tmp_path / "nothing"), tmp_path)
