"""What a caller with nothing but an address gets."""

from __future__ import annotations

import http.client
import json
import subprocess

import grpc
import pytest
from foreign_tools import run_shown, shown_commands
from platform_process import STRATA, PlatformProcess
from reflecting_client import SERVICE, ReflectingClient


def test_the_services_are_found_by_reflection(client: ReflectingClient) -> None:
    """Segments, health and reflection are offered by name."""
    assert {SERVICE, "grpc.health.v1.Health"} <= set(client.services())


def test_an_answer_says_what_and_from_where(client: ReflectingClient) -> None:
    """Label, score in [0, 1], exact version, feature age, source and the platform's own time."""
    reply = client.call("GetSegments", {"user_id": "1"})
    assert reply["as_of"].startswith("2017-12-01T05:")
    for one in reply["assignments"]:
        assert one["label"]
        assert 0 <= one["score"] <= 1
        assert len(one["version"]) == 12
        assert one["source"] == "ASSIGNMENT_SOURCE_LIVE"
        assert float(one["feature_age"].removesuffix("s")) >= 0


def test_segments_are_of_the_declared_vocabulary(client: ReflectingClient) -> None:
    """Every assignment of a hundred households names a segment its segmenter lists."""
    known = {
        one["name"]: {segment["key"] for segment in one["segments"]}
        for one in client.call("ListSegmenters", {})["segmenters"]
    }
    reply = client.call("BatchGetSegments", {"user_ids": [str(user) for user in range(1, 101)]})
    for column in reply["columns"]:
        keys = [segment["key"] for segment in column["segments"]]
        assert set(keys) == known[column["segmenter"]]
        assert len({keys[index] for index in column["segment_indexes"]}) > 1


def test_an_unknown_user_gets_the_declared_fallback(client: ReflectingClient) -> None:
    """A stranger is a normal answer, marked as a fallback, without a score."""
    fallbacks = {one["name"]: one["fallback_segment"] for one in client.call("ListSegmenters", {})["segmenters"]}
    for name, one in client.segments("nobody-of-that-name").items():
        assert one["segment"] == fallbacks[name]
        assert one["source"] == "ASSIGNMENT_SOURCE_FALLBACK"
        assert one["degradation"] == "DEGRADATION_REASON_UNKNOWN_USER"
        assert "score" not in one


@pytest.mark.parametrize("command", shown_commands())
def test_a_command_of_the_page_on_serving_runs(command: str, platform: PlatformProcess) -> None:
    """Tools that know nothing but the address and reflection: docs/serving.md shows how to call them."""
    ran = run_shown(command, address=platform.addresses["grpc"])
    assert ran.returncode == 0, ran.stderr
    if command.endswith("/GetSegments"):
        assert ran.stdout.count("ASSIGNMENT_SOURCE_LIVE") == 2


def test_a_bad_request_is_the_callers_to_mend(client: ReflectingClient) -> None:
    """An empty user is INVALID_ARGUMENT."""
    with pytest.raises(grpc.RpcError) as caught:
        client.call("GetSegments", {"user_id": ""})
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


@pytest.mark.parametrize(("page", "path", "says"), [("metrics", "/metrics", "strata_"), ("reports", "/", "<html")])
def test_the_pages_answer(platform: PlatformProcess, page: str, path: str, says: str) -> None:
    """Metrics of all workers and the report page are where the ready line says."""
    host, _, port = platform.addresses[page].rpartition(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=10)
    connection.request("GET", path)
    reply = connection.getresponse()
    body = reply.read().decode()
    connection.close()
    assert reply.status == 200
    assert says in body


def test_a_person_may_ask(platform: PlatformProcess) -> None:
    """`strata segment USER` prints labels for a person and an object for a program."""
    asked = [str(STRATA), "segment", "1"]
    shown = subprocess.run(asked, env=platform.caller_environ(), capture_output=True, text=True, check=True)
    told = subprocess.run([*asked, "--json"], env=platform.caller_environ(), capture_output=True, text=True, check=True)
    for assignment in json.loads(told.stdout)["assignments"]:
        assert assignment["label"] in shown.stdout


def test_the_doctor_finds_no_fault(platform: PlatformProcess) -> None:
    """A platform that serves is in order."""
    visit = subprocess.run(
        [str(STRATA), "doctor", "--json"], env=platform.caller_environ(), capture_output=True, text=True, check=False
    )
    assert [one for one in json.loads(visit.stdout) if one["verdict"] == "fault"] == []
