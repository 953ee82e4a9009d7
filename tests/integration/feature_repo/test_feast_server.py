"""`feast serve`: the same numbers, and the same door for events, over HTTP."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from event_factories import make_event
from feast_world import NOW_US, USERS, World

from strata.clock import format_instant

pytestmark = pytest.mark.integration
START_S = 120


@pytest.fixture
def server(built: World) -> Iterator[str]:
    """A feature server of the repository, in its own process."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [str(Path(sys.executable).with_name("feast")), "serve", "-h", "127.0.0.1", "-p", str(port)]
    log = (built.settings.home / "serve.log").open("wb")
    process = subprocess.Popen(
        command, cwd=built.settings.repo, env={**os.environ, **built.environment()}, stdout=log, stderr=log
    )
    try:
        _await_health(f"http://127.0.0.1:{port}", process)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(30)
        log.close()


def _await_health(base: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_S
    while True:
        try:
            urllib.request.urlopen(f"{base}/health", timeout=5).close()
        except (urllib.error.URLError, ConnectionError):
            assert process.poll() is None, "feast serve ended"
            assert time.monotonic() < deadline, f"feast serve did not answer within {START_S} s"
            time.sleep(0.2)
        else:
            return


def post(url: str, document: dict[str, Any]) -> Any:
    request = urllib.request.Request(url, json.dumps(document).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        body = response.read()
    return json.loads(body) if body else None  # a push is answered by its status alone


def ask(base: str, users: list[str]) -> dict[str, list[Any]]:
    document = {"feature_service": "promo_responder", "entities": {"user_id": users}, "full_feature_names": True}
    answer = post(f"{base}/get-online-features", document)
    return dict(
        zip(answer["metadata"]["feature_names"], (result["values"] for result in answer["results"]), strict=True)
    )


def sdk(world: World, users: list[str]) -> dict[str, list[Any]]:
    store = world.open(world.settings.make_clock().now_us())
    response = store.get_online_features(
        features=store.get_feature_service("promo_responder"),
        entity_rows=[{"user_id": user} for user in users],
        full_feature_names=True,
    )
    return dict(response.to_dict())


def test_the_server_answers_as_the_sdk_and_takes_events(server: str, built: World) -> None:
    """Every feature, unknown users included; an event pushed over HTTP counts in both at once."""
    users = [*USERS, "nobody"]
    before = ask(server, users)
    assert before == sdk(built, users)
    event = make_event(user_id="1", event_time_us=NOW_US - 1_000_000, value=5_000, category="GROCERY", discount=0)
    row = {name: [value] for name, value in event.items() if not name.endswith("_us")}
    instant = [format_instant(NOW_US - 1_000_000)]
    push = {
        "push_source_name": "events_push",
        "df": {**row, "event_time": instant, "recorded_at": instant},
        "to": "online",
    }
    post(f"{server}/push", push)
    after = ask(server, users)
    assert after == sdk(built, users)
    assert after["rfm__monetary_30d"][0] == pytest.approx(before["rfm__monetary_30d"][0] + 50, abs=1e-9)
