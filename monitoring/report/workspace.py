"""The Evidently workspace: one project per segmenter, one snapshot per report, for `evidently ui`.

Evidently writes a snapshot in place; here it is written into a hidden workspace first and renamed into the real one,
so that its UI (which watches the folder) never reads half a file.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

from evidently.sdk.models import PanelMetric
from evidently.sdk.panels import bar_plot_panel, line_plot_panel
from evidently.ui.workspace import Workspace


def add_snapshot(workspace: Path, segmenter: str, snapshot: Any) -> tuple[str, str]:
    """Store a snapshot; (project id, snapshot id). The caller holds the segmenter's lock."""
    project = _find_project(workspace, segmenter) or _create_project(workspace, segmenter)
    scratch = workspace.parent / f".pending-workspace-{segmenter}"
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        reference = Workspace.create(str(scratch)).add_run(project, snapshot, include_data=False)
        written = scratch / project / "snapshots" / f"{reference.id}.json"
        target = workspace / project / "snapshots"
        target.mkdir(parents=True, exist_ok=True)
        written.rename(target / written.name)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
    return project, str(reference.id)


def _find_project(workspace: Path, segmenter: str) -> str | None:
    if not workspace.is_dir():
        return None
    found = Workspace(str(workspace)).search_project(segmenter)
    return str(found[0].id) if found else None


def _create_project(workspace: Path, segmenter: str) -> str:
    """Build the project aside with its panels, then move it in: a killed run leaves no half project."""
    scratch = workspace.parent / f".pending-project-{segmenter}"
    shutil.rmtree(scratch, ignore_errors=True)
    try:
        project = Workspace.create(str(scratch)).create_project(segmenter, f"Drift of {segmenter}")
        score = PanelMetric(metric="ValueDrift", metric_labels={"column": "score"}, legend="score")
        segment = PanelMetric(metric="ValueDrift", metric_labels={"column": "segment"}, legend="segment")
        share = PanelMetric(metric="DriftedColumnsCount", metric_labels={"value_type": "share"}, legend="share")
        project.dashboard.add_panel(
            line_plot_panel(title="Score and segment drift", values=[score, segment]), tab="Drift"
        )
        project.dashboard.add_panel(bar_plot_panel(title="Share of drifted columns", values=[share]), tab="Drift")
        workspace.mkdir(parents=True, exist_ok=True)
        (scratch / str(project.id)).rename(workspace / str(project.id))
        return str(project.id)
    finally:
        shutil.rmtree(scratch, ignore_errors=True)
