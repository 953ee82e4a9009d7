"""A running toy platform as tools see it that nobody here wrote: they have its address and its reflection, no proto."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from bento_process import free_port
from foreign_tools import require_tool, run_shown, run_tool, shown_commands
from gateway_process import GatewayProcess
from strata_process import StrataProcess
from toy_home import make_home

pytestmark = pytest.mark.integration

SEGMENTATION = "strata.v1.SegmentationService"
METHODS = {
    SEGMENTATION: {"GetSegments", "BatchGetSegments", "ListSegmenters", "GetSegmenter", "WatchSegments"},
    "strata.v1.EventService": {"PublishEvents", "StreamEvents"},
    "strata.v1.ReleaseService": {"GetRelease", "ListReleases", "Promote", "RollBack", "SetCanary", "SetShadow"},
}
SHOWN = shown_commands()


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Of a gateway of two workers, with a stream process behind it."""
    settings = make_home(tmp_path_factory.mktemp("foreign") / "home")
    stream = settings.stream.model_copy(update={"port": free_port(), "metrics_port": 0})
    gateway = GatewayProcess(settings.model_copy(update={"stream": stream}), workers=2)
    try:
        gateway.wait_until_ready()
        with StrataProcess(settings.home / "strata.yaml", "stream", "run"):
            yield gateway.addresses["grpc"]
    finally:
        gateway.end()


def ask(address: str, method: str, request: dict[str, Any]) -> dict[str, Any]:
    """By grpcurl; the reply's JSON."""
    ran = run_tool("grpcurl", "-plaintext", "-d", json.dumps(request), address, method)
    assert ran.returncode == 0, ran.stderr
    reply: dict[str, Any] = json.loads(ran.stdout)
    return reply


def shown(words: str) -> str:
    """The command of the page that begins or ends with these words."""
    [found] = [command for command in SHOWN if command.startswith(words) or command.endswith(words)]
    return found


def test_the_page_shows_each_tool() -> None:
    """The tests below are about something."""
    assert {command.split()[0] for command in SHOWN} == {"grpcurl", "ghz", "grpc-health-probe"}


@pytest.mark.parametrize("command", SHOWN)
def test_a_command_of_the_page_runs(command: str, address: str) -> None:
    """It ends with 0 and prints something on one of its outputs."""
    ran = run_shown(command, address=address, user="ann")
    assert ran.returncode == 0, ran.stderr
    assert ran.stdout + ran.stderr


def test_grpcurl_lists_what_is_served(address: str) -> None:
    """The three services, health, and reflection itself."""
    ran = run_shown(shown(" list"), address=address)
    assert ran.stdout.split() == ["grpc.health.v1.Health", "grpc.reflection.v1alpha.ServerReflection", *sorted(METHODS)]


@pytest.mark.parametrize("service", METHODS)
def test_grpcurl_describes_a_service_and_each_of_its_methods(service: str, address: str) -> None:
    """A method is asked for by its own name too, and a name that is none is not found."""
    for name in METHODS[service]:
        described = run_tool("grpcurl", "-plaintext", address, "describe", f"{service}.{name}")
        assert f"rpc {name} (" in described.stdout, described.stderr
    assert set(run_tool("grpcurl", "-plaintext", address, "list", service).stdout.split()) == {
        f"{service}.{name}" for name in METHODS[service]
    }
    assert "not found" in run_tool("grpcurl", "-plaintext", address, "describe", f"{service}.Nothing").stderr


def test_grpcurl_is_answered_live(address: str) -> None:
    """A user's segments as JSON."""
    ran = run_shown(shown(f"{SEGMENTATION}/GetSegments"), address=address, user="ann")
    found = {each["segmenter"]: (each["segment"], each["source"]) for each in json.loads(ran.stdout)["assignments"]}
    assert found == {
        "toy_tiers": ("middle", "ASSIGNMENT_SOURCE_LIVE"),
        "toy_promo": ("possible", "ASSIGNMENT_SOURCE_LIVE"),
    }


def test_grpcurl_publishes_an_event_and_reads_the_release(address: str) -> None:
    """The other two services answer to it as well."""
    facts = {"facts": {"orders": "9"}}
    event = {"user_id": "cat", "type": "EVENT_TYPE_PROFILE_UPDATE", "profile_update": facts}
    event |= {"event_id": "1", "event_time": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())}
    published = ask(address, "strata.v1.EventService/PublishEvents", {"events": [event]})
    assert published["outcomes"] == ["EVENT_OUTCOME_ACCEPTED"]
    release = ask(address, "strata.v1.ReleaseService/GetRelease", {})["release"]
    assert [each["segmenter"] for each in release["segmenters"]] == ["toy_tiers", "toy_promo"]


def test_grpcurl_shows_what_is_wrong_with_a_request(address: str) -> None:
    """INVALID_ARGUMENT, with the reason and the field at fault, both found by reflection."""
    command = shown(f"{SEGMENTATION}/GetSegments")
    ran = run_shown(command.replace("grpcurl", "grpcurl -format-error", 1), address=address, user="")
    error = json.loads(ran.stderr)
    [reason, violations] = error["details"]
    assert (ran.returncode, error["code"]) == (64 + 3, 3)  # grpcurl ends with 64 and the status
    assert (reason["@type"], reason["reason"]) == ("type.googleapis.com/google.rpc.ErrorInfo", "INVALID_REQUEST")
    assert violations == {
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        "field_violations": [{"field": "user_id", "description": "is empty; name a user"}],
    }


def test_ghz_loads_it_without_an_error(address: str) -> None:
    """Every call of the page's command is answered OK."""
    ran = run_shown(shown("ghz "), "--format", "json", address=address, user="ann")
    assert ran.returncode == 0, ran.stderr
    report = json.loads(ran.stdout)
    assert (report["count"], report["statusCodeDistribution"], report["errorDistribution"]) == (400, {"OK": 400}, {})


@pytest.mark.parametrize("service", ["", SEGMENTATION, "strata.v1.ReleaseService"])
def test_the_probe_finds_it_healthy(service: str, address: str) -> None:
    """As a whole, and what the gateway itself does."""
    ran = run_tool("grpc-health-probe", f"-addr={address}", f"-service={service}")
    assert (ran.returncode, ran.stderr) == (0, "status: SERVING\n")


def test_the_probe_knows_no_service_that_is_not_there(address: str) -> None:
    """NOT_FOUND is a failure."""
    ran = run_tool("grpc-health-probe", f"-addr={address}", "-service=strata.v1.NoService")
    assert ran.returncode != 0
    assert "NotFound" in ran.stderr


def test_a_gateway_that_drains_says_so_and_the_probe_fails(tmp_path: Path) -> None:
    """Who watches its health is told NOT_SERVING at once and not cut off, and who probes it meanwhile fails."""
    require_tool("grpcurl")
    gateway = GatewayProcess(make_home(tmp_path / "home"), drain_s=10.0)
    try:
        gateway.wait_until_ready()
        address = gateway.addresses["grpc"]
        assert run_tool("grpc-health-probe", f"-addr={address}").returncode == 0
        with _health_watched(address) as said:
            assert _next_status(said) == "SERVING"
            gateway.ask_to_end()
            assert _next_status(said) == "NOT_SERVING"
            assert run_tool("grpc-health-probe", f"-addr={address}").returncode != 0
            assert gateway.process.poll() is None  # the watch is a call in flight
        assert gateway.process.wait(20) == 0  # and nothing else was
    finally:
        gateway.end()


@contextmanager
def _health_watched(address: str) -> Iterator[Any]:
    words = ("-plaintext", address, "grpc.health.v1.Health/Watch")
    with subprocess.Popen([str(require_tool("grpcurl")), *words], stdout=subprocess.PIPE, text=True) as watch:
        try:
            yield watch.stdout
        finally:
            watch.kill()


def _next_status(said: Any) -> str:
    """Of grpcurl's next message; empty when it ends instead."""
    message = ""
    for line in said:
        message += line
        if line == "}\n":
            return str(json.loads(message)["status"])
    return ""
