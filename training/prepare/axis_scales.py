"""The preparation clusters have by default: each feature as its rank among users, each axis with the same say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from strata.errors import DefinitionInvalid
from strata.runtime.kmeans import KMeansModel
from training.algorithms.port import Exported
from training.prepare.scales import fit_scale, unit_levels
from training.rows import Floats
from training.sections import Axis, ClusterSection


@dataclass(frozen=True)
class AxisScales:
    """See `FittedPreparation`. Centroids and these scales are one `kmeans/1`, which the kernel scores; another model
    reads them as the steps of a `prepared/1`."""

    names: tuple[str, ...]
    scaler: KMeansModel
    """Its centroids are not read."""

    def apply(self, values: Floats) -> Floats:
        return self.scaler.transform(values)

    def wrap(self, exported: Exported) -> Exported:
        if exported.model["format"] == "centroids/1":
            return Exported(KMeansModel(self.scaler.scales, np.array(exported.model["centroids"])).to_json())
        count = len(self.names)
        steps: list[dict[str, Any]] = []
        for i, scale in enumerate(self.scaler.scales):
            steps.append({"kind": "fill", "input": i, "value": scale.missing})
            knots, levels = scale.knots.tolist(), scale.levels.tolist()
            steps.append({"kind": "knots", "input": count + 2 * i, "knots": knots, "levels": levels})
        select = [count + 2 * i + 1 for i in range(count)]
        return Exported(
            {"format": "prepared/1", "steps": steps, "select": select, "model": dict(exported.model)}, exported.files
        )


def fit_axis_scales(section: ClusterSection, keys: Sequence[str], values: Floats) -> AxisScales:
    """Raises DefinitionInvalid where axes and the service's features differ."""
    by_feature = axis_of(section.axes, keys)
    scales = tuple(fit_scale(values[:, i], by_feature[key], section.quantiles) for i, key in enumerate(keys))
    return AxisScales(tuple(keys), KMeansModel(scales, np.zeros((1, len(scales)))))


def axis_of(axes: Mapping[str, Axis], keys: Sequence[str]) -> dict[str, Axis]:
    """Which axis each feature is on."""
    by_feature = {feature: axis for axis in axes.values() for feature in axis.features}
    if unknown := sorted(set(by_feature) - set(keys)):
        raise DefinitionInvalid(f"axes name features the service does not have: {', '.join(unknown)}")
    if unused := sorted(set(keys) - set(by_feature)):
        raise DefinitionInvalid(f"features of the service on no axis: {', '.join(unused)}")
    return by_feature


def axis_levels(scaled: Floats, keys: Sequence[str], axes: Mapping[str, Axis]) -> Floats:
    """[n, f] scaled -> [n, axes] in 0..1, 1 being the good end of each axis."""
    place = {key: column for column, key in enumerate(keys)}
    columns = [unit_levels(scaled[:, [place[f] for f in axis.features]], axis) for axis in axes.values()]
    return np.column_stack(columns)
