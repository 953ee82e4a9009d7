"""A training killed while it looks for clusters is taken up where it was, and ends as if nothing had been."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.integration

_CHILD = """
import json, os, signal, sys
from pathlib import Path

import numpy as np
from toy_training import NOW_US, TIERS, USERS, ToyReader, toy_definition

from training.clusters import fit as module, search
from training.rows import Part, TrainingRows

folder, killed_at = Path(sys.argv[1]), int(sys.argv[2])
definition = toy_definition(TIERS)
values = ToyReader().matrix("toy", USERS, np.full(len(USERS), NOW_US))
rows = TrainingRows(ToyReader().schema("toy"), Part(values, np.zeros(len(values), dtype=np.int8)))
judge, judged = search.judge_clusters, []

def judging(fit, found, prepared, count, **how):
    if count == killed_at:
        os.kill(os.getpid(), signal.SIGKILL)
    judged.append(count)
    return judge(fit, found, prepared, count, **how)

search.judge_clusters = judging
fitted = module.fit_clusters(definition, definition.algorithm, rows, scratch=folder)
evaluation = fitted.evaluate()
print(json.dumps({
    "judged": judged, "model": fitted.export().model, "metrics": evaluation.metrics, "details": evaluation.details,
}))
"""


def _train(folder: Path, killed_at: int = 0) -> subprocess.CompletedProcess[str]:
    paths = os.pathsep.join([str(Path(__file__).parents[2] / "doubles"), str(Path(__file__).parents[3])])
    return subprocess.run(
        [sys.executable, "-c", _CHILD, str(folder), str(killed_at)],
        env={**os.environ, "PYTHONPATH": paths}, capture_output=True, text=True, check=False, timeout=120,
    )  # fmt: skip


def test_a_killed_training_is_resumed_and_ends_the_same(tmp_path: Path) -> None:
    """Killed by SIGKILL in the second of two numbers: the first is not judged again, model and figures are equal."""
    killed = _train(tmp_path / "a", killed_at=4)
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert [len(path.read_text().splitlines()) for path in (tmp_path / "a").glob("*.jsonl")] == [1]
    resumed, whole = json.loads(_train(tmp_path / "a").stdout), json.loads(_train(tmp_path / "b").stdout)
    assert (resumed.pop("judged"), whole.pop("judged")) == ([4], [3, 4])
    assert resumed == whole
