"""Axes of a cluster section: each feature as its rank among users, each axis with the same say.

Clusters are found in these ranks by default, and are named by where they lie on the axes whatever they are found in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from strata.errors import DefinitionInvalid
from strata.runtime.kmeans import KMeansModel
from training.prepare.scales import fit_scale, unit_levels
from training.rows import Floats
from training.sections import Axis, ClusterSection


@dataclass(frozen=True)
class AxisScales:
    """Where rows lie on each axis."""

    axes: Mapping[str, Axis]
    keys: tuple[str, ...]
    """`view:feature` of those on an axis, in the service's order."""
    columns: tuple[int, ...]
    """Their positions among the raw features."""
    scaler: KMeansModel
    """Its centroids are not read."""

    def levels(self, values: Floats) -> Floats:
        """[n, f] raw -> [n, axes] in 0..1, 1 being the good end of each axis."""
        return axis_levels(self.scaler.transform(values[:, self.columns]), self.keys, self.axes)


def fit_axis_scales(section: ClusterSection, keys: Sequence[str], values: Floats) -> AxisScales:
    """Raises DefinitionInvalid where an axis names a feature the service does not have."""
    by_feature = axis_of(section.axes, keys, ())
    columns = tuple(i for i, key in enumerate(keys) if key in by_feature)
    scales = tuple(fit_scale(values[:, i], by_feature[keys[i]], section.quantiles) for i in columns)
    scaler = KMeansModel(scales, np.zeros((1, len(scales))))
    return AxisScales(section.axes, tuple(keys[i] for i in columns), columns, scaler)


def axis_of(axes: Mapping[str, Axis], keys: Sequence[str], needed: Sequence[str]) -> dict[str, Axis]:
    """Which axis each feature is on. `keys`: the service's features; `needed`: those that have to be on one."""
    by_feature = {feature: axis for axis in axes.values() for feature in axis.features}
    if unknown := sorted(set(by_feature) - set(keys)):
        raise DefinitionInvalid(f"axes name features the service does not have: {', '.join(unknown)}")
    if unused := sorted(set(needed) - set(by_feature)):
        raise DefinitionInvalid(
            f"features of the service on no axis: {', '.join(unused)}; put them on one, leave them out "
            "(prepare.leave_out), or declare a prepare.scale that needs no axes"
        )
    return by_feature


def axis_levels(scaled: Floats, keys: Sequence[str], axes: Mapping[str, Axis]) -> Floats:
    """[n, f] scaled -> [n, axes] in 0..1, 1 being the good end of each axis."""
    place = {key: column for column, key in enumerate(keys)}
    columns = [unit_levels(scaled[:, [place[f] for f in axis.features]], axis) for axis in axes.values()]
    return np.column_stack(columns)
