from __future__ import annotations

from pathlib import Path

import numpy as np
from plain_packages import FEATURES, write_packages

from loadtests.peers.glued.models import PlainModel
from strata.runtime import load_package


def test_the_peer_scores_as_the_runtime_does(tmp_path: Path) -> None:
    """The glued stack's plain models give the same segments and scores as Strata's runtime, missing values included."""
    folders, matrix = write_packages(tmp_path, users=400)
    for folder in folders.values():
        package = load_package(folder)
        columns = [FEATURES.index(key) for key in package.manifest.feature_keys]
        ours = package.score(np.ascontiguousarray(matrix[:, columns]))
        indexes, scores = PlainModel(folder, FEATURES).assign(matrix)
        assert indexes == ours.segment_indexes.tolist()
        np.testing.assert_allclose(scores, ours.scores, atol=1e-6)
