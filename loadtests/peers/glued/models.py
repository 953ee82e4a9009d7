"""The same two models, scored with the libraries a user would reach for: LightGBM's Booster, and numpy.

numpy in place of scikit-learn's KMeans.predict favours the peer (2 us against 126 us a row).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class PlainModel:
    """One package's model over its own columns of the matrix."""

    def __init__(self, folder: Path, features: list[str]) -> None:
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        inputs = manifest["features"]
        self.segments: list[str] = [entry["key"] for entry in manifest["vocabulary"]]
        self._columns = [features.index(f"{one['view']}:{one['name']}") for one in inputs]
        self._defaults = np.array([np.nan if one["default"] is None else one["default"] for one in inputs])
        self._model: dict[str, Any] = manifest["model"]
        self._boosted = "file" in self._model
        if self._boosted:
            self._booster = lgb.Booster(model_file=str(folder / self._model["file"]))
        else:
            self._centroids = np.array(self._model["centroids"])
            self._knots = [(s["missing"], np.array(s["knots"]), np.array(s["levels"])) for s in self._model["scales"]]

    def assign(self, matrix: Floats) -> tuple[list[int], list[float]]:
        """Vocabulary indexes and scores of [n, f] rows."""
        values = matrix[:, self._columns]
        values = np.where(np.isnan(values), self._defaults, values)
        indexes, scores = self._boost(values) if self._boosted else self._nearest(values)
        return indexes.tolist(), scores.tolist()

    def _boost(self, values: Floats) -> tuple[NDArray[Any], Floats]:
        raw = np.asarray(self._booster.predict(values, raw_score=True, num_threads=1))
        calibration = self._model["calibration"]
        if calibration["kind"] == "platt":
            logits = np.clip(calibration["slope"] * raw + calibration["offset"], -60, 60)
            probability = 1 / (1 + np.exp(-logits))
        else:
            probability = np.interp(raw, calibration["raw"], calibration["probability"])
        bands = np.searchsorted(self._model["thresholds"], probability, side="right")
        return np.array(self._model["bands"])[bands], probability

    def _nearest(self, values: Floats) -> tuple[NDArray[Any], Floats]:
        scaled = np.empty_like(values)
        for column, (missing, knots, levels) in enumerate(self._knots):
            scaled[:, column] = np.interp(
                np.where(np.isnan(values[:, column]), missing, values[:, column]), knots, levels
            )
        distances = np.sqrt(((scaled[:, None, :] - self._centroids[None]) ** 2).sum(axis=2))
        two = np.partition(distances, 1, axis=1)
        return distances.argmin(axis=1), (two[:, 1] - two[:, 0]) / np.maximum(two[:, 0] + two[:, 1], 1e-300)
