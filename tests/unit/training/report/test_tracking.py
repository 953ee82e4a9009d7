"""What a run of MLflow is told, when, and that nothing of a server reaches a training but a sentence."""

from __future__ import annotations

import doctest
import socket
import subprocess
from pathlib import Path

import pytest
from report_samples import labels

from strata.settings import TrackingSettings
from training.definition import load_definition
from training.report import tracking
from training.report.tracking import described, track

DEFINITION = load_definition("promo_responder")
JUDGED = labels(3)


def test_nothing_is_started_where_nothing_is_configured(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither by settings nor by MLflow's own variable."""
    monkeypatch.setattr(subprocess, "run", None)
    assert track(DEFINITION, JUDGED, tmp_path, TrackingSettings(), environ={}) is None


def test_settings_win_over_the_environment() -> None:
    """And the environment over nothing."""
    environ = {"MLFLOW_TRACKING_URI": "http://b"}
    assert tracking.tracking_uri(TrackingSettings(uri="http://a"), environ) == "http://a"
    assert tracking.tracking_uri(TrackingSettings(), environ) == "http://b"


def test_a_run_holds_what_was_declared_found_and_used() -> None:
    """Parameters by their place in the file, metrics of the manifest, the version as a tag."""
    run = described(DEFINITION, JUDGED)
    assert run["name"] == f"responders {JUDGED.manifest.version}"
    assert run["params"]["algorithm.parameters.num_leaves"] == "7"
    assert run["params"]["seed"] == "7"
    assert run["params"]["label.event_type"] == "coupon_redemption"
    assert not any("bands" in name or "description" in name for name in run["params"])
    assert run["metrics"] == JUDGED.manifest.metrics
    assert run["tags"]["strata.version"] == JUDGED.manifest.version
    assert run["tags"]["strata.decision"] == "hold"
    assert run["tags"]["library.lightgbm"] == "4.7.0"


def test_a_server_that_never_answers_costs_no_more_than_was_said(tmp_path: Path) -> None:
    """The sentence names the version, the address without its password, and the time."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        uri = f"http://user:secret@127.0.0.1:{silent.getsockname()[1]}"
        said = track(DEFINITION, JUDGED, tmp_path, TrackingSettings(uri=uri, timeout_s=0.3))
    assert said is not None
    assert said.startswith(f"promo_responder {JUDGED.manifest.version} was not recorded at http://127.0.0.1:")
    assert "no answer within 0.3 s" in said
    assert "secret" not in said


def test_words_of_a_library_are_told_without_the_secret_in_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MLflow names the whole address when a request fails."""
    uri = "http://user:s@cret@127.0.0.1:1"
    words = f"a warning\nAPI request to {uri}/api/2.0/x?name=y failed\n"
    failed = subprocess.CompletedProcess([], 1, "", words)
    monkeypatch.setattr(subprocess, "run", lambda *args, **kwargs: failed)
    said = track(DEFINITION, JUDGED, tmp_path, TrackingSettings(uri=uri))
    assert said is not None
    assert "127.0.0.1:1: API request to http://127.0.0.1:1/api/2.0/x failed; nothing else is lost" in said
    assert "cret" not in said


def test_a_process_that_cannot_start_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nor does a machine without room for one more process lose a training."""
    monkeypatch.setattr(tracking.sys, "executable", str(tmp_path / "nothing"))
    said = track(DEFINITION, JUDGED, tmp_path, TrackingSettings(uri="http://127.0.0.1:1"))
    assert said is not None
    assert "its process could not be started (No such file or directory)" in said


def test_examples() -> None:
    """Those of the docstrings."""
    assert doctest.testmod(tracking) == (0, 1)
