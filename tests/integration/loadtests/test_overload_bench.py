"""`strata bench overload` from start to end, as short as it can be: its parts fit together. No figure is judged."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from haproxy_process import needs_haproxy
from toy_home import make_home

from loadtests.overload.plan import Plan
from loadtests.overload.report import overload_document, print_overload
from loadtests.overload.run import measure_overload

pytestmark = [pytest.mark.integration, needs_haproxy]

PLAN = Plan(seconds=1.0, light_s=1.0, after_s=1.0, ramp_s=0.3, capacity_s=0.5)


def test_four_sides_are_measured_and_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each is offered more than it answers, and the refusals of each are what its caller sees."""
    settings = make_home(tmp_path / "home", {f"user-{number}": (5, 5.0, 1) for number in range(50)})
    chosen = tmp_path / "strata.yaml"
    chosen.write_text(yaml.safe_dump(settings.model_dump(mode="json")))
    monkeypatch.setenv("STRATA_SETTINGS", str(chosen))
    found = measure_overload(settings, [f"user-{number}" for number in range(50)], PLAN, lambda _: None)
    assert [one.name for one in found] == ["off", "admission", "streams", "haproxy"]
    off, admission, streams, behind = found
    assert all(one.offered_per_s > one.capacity_per_s > 0 for one in found)
    assert [one.ends_per_s for one in found if "wrong" in one.ends_per_s] == []
    # gRPC's core may end a connection on which thousands of calls a second are given up; few are lost by it.
    assert [one.ends_per_s for one in found if one.ends_per_s.get("lost", 0) > 0.05 * one.offered_per_s] == []
    assert admission.ends_per_s["cancelled"] > 0
    assert streams.ends_per_s["given_up"] > 0  # what has no stream waits in its client
    assert behind.ends_per_s["resource_exhausted"] > 0
    assert off.memory_before_mb > 10
    assert [one.memory_first_mb for one in found if not one.memory_first_mb or not one.memory_last_mb] == []
    print_overload(found)
    assert len(json.loads(json.dumps(overload_document(found, PLAN, "strata bench overload")))["sides"]) == 4
