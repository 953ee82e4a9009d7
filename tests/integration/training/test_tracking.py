"""MLflow itself against a server that speaks its REST paths."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow_stub import Stub, mlflow_stub
from report_samples import clusters, labels

from strata.settings import TrackingSettings
from training.definition import load_definition
from training.report.judged import Judged
from training.report.tracking import described, track

pytestmark = pytest.mark.integration

DEFINITION = load_definition("promo_responder")


@pytest.fixture
def stub() -> Iterator[Stub]:
    """A server of its own for each test."""
    with mlflow_stub() as server:
        yield server


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A package with its pages."""
    (tmp_path / "evaluation.html").write_text("<p>page</p>", encoding="utf-8")
    (tmp_path / "model_card.md").write_text("# card\n", encoding="utf-8")
    return tmp_path


def _track(judged: Judged, folder: Path, stub: Stub) -> str | None:
    return track(DEFINITION, judged, folder, TrackingSettings(uri=stub.uri, timeout_s=120))


def test_a_run_is_recorded_whole(stub: Stub, folder: Path) -> None:
    """Experiment, parameters, metrics, tags, page and card; the run is finished. The next one finds the experiment."""
    judged = labels(3)
    assert _track(judged, folder, stub) is None
    told = described(DEFINITION, judged)
    assert stub.experiments == ["strata/promo_responder"]
    assert stub.run == {"run_name": told["name"], "status": "FINISHED"}
    assert (stub.params, stub.metrics) == (told["params"], told["metrics"])
    assert told["tags"].items() <= stub.tags.items()
    assert stub.files == {
        "1/r1/artifacts/evaluation.html": b"<p>page</p>",
        "1/r1/artifacts/model_card.md": b"# card\n",
    }
    assert _track(clusters(3), folder, stub) is None
    assert stub.experiments == ["strata/promo_responder"]


def test_a_server_that_refuses_is_a_sentence(stub: Stub, folder: Path) -> None:
    """With its own reason in it."""
    stub.status = 400
    said = _track(labels(3), folder, stub)
    assert said is not None
    assert "was not recorded at http://127.0.0.1:" in said
    assert "the disk is full" in said
