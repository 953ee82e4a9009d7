"""Runs as a real MLflow server has them, asked through MLflow's own client."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run
from mlflow_process import mlflow_server
from report_samples import clusters, labels

from strata.settings import TrackingSettings
from training.definition import load_definition
from training.report.judged import Judged
from training.report.tracking import described, track

pytestmark = pytest.mark.integration

DEFINITION = load_definition("promo_responder")
EXPERIMENT = "strata/promo_responder"


@pytest.fixture(scope="module")
def uri(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """One server; it takes five seconds to come up."""
    with mlflow_server(tmp_path_factory.mktemp("mlflow")) as address:
        yield address


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A package with its pages."""
    (tmp_path / "evaluation.html").write_text("<p>page</p>", encoding="utf-8")
    (tmp_path / "model_card.md").write_text("# card\n", encoding="utf-8")
    return tmp_path


def _track(judged: Judged, folder: Path, uri: str) -> str | None:
    return track(DEFINITION, judged, folder, TrackingSettings(uri=uri, timeout_s=120))


def _runs(client: MlflowClient) -> list[Run]:
    """Of the experiment, the oldest first."""
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    return list(client.search_runs([experiment.experiment_id], order_by=["attributes.start_time ASC"]))


def test_a_run_is_recorded_whole(uri: str, folder: Path, tmp_path: Path) -> None:
    """Parameters, metrics, tags, page and card; the run is finished. The next one is of the same experiment."""
    judged, client = labels(3), MlflowClient(tracking_uri=uri)
    assert _track(judged, folder, uri) is None
    told, (run,) = described(DEFINITION, judged), _runs(client)
    assert (run.info.run_name, run.info.status) == (told["name"], "FINISHED")
    assert (run.data.params, run.data.metrics) == (told["params"], told["metrics"])
    assert told["tags"].items() <= run.data.tags.items()
    for name in ("evaluation.html", "model_card.md"):
        found = client.download_artifacts(run.info.run_id, name, str(tmp_path / "there"))
        assert Path(found).read_bytes() == (folder / name).read_bytes()
    assert _track(clusters(3), folder, uri) is None
    assert [each.info.status for each in _runs(client)] == ["FINISHED", "FINISHED"]


def test_a_server_that_refuses_is_a_sentence(uri: str, folder: Path) -> None:
    """With its own reason in it: nothing is recorded in an experiment that somebody deleted."""
    assert _track(labels(3), folder, uri) is None
    client = MlflowClient(tracking_uri=uri)
    experiment = client.get_experiment_by_name(EXPERIMENT)
    assert experiment is not None
    client.delete_experiment(experiment.experiment_id)
    said = _track(labels(3), folder, uri)
    client.restore_experiment(experiment.experiment_id)
    assert said is not None
    assert f"was not recorded at {uri}" in said
    assert "must be in the 'active' state" in said
