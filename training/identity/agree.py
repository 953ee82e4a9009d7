"""Which columns of a matrix an older package reads, or a sentence that says why it cannot read them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from strata.errors import InputInvalid
from strata.runtime import FeatureInput, Manifest


def columns_of(manifest: Manifest, features: Sequence[FeatureInput], view_fingerprints: Mapping[str, str]) -> list[int]:
    """Where each feature of the package is among `features`.

    Raises InputInvalid, naming every feature that is not there or means something else now. The default does not
    matter: each package fills in its own.
    """
    place = {feature.key: index for index, feature in enumerate(features)}
    faults = []
    for wanted in manifest.features:
        if wanted.key not in place:
            faults.append(f"{wanted.key} is not among the features")
        elif said := _differs(wanted, features[place[wanted.key]]):
            faults.append(said)
    for view in sorted({feature.view for feature in manifest.features}):
        found = view_fingerprints.get(view)
        if found is not None and found != manifest.view_fingerprints[view]:
            faults.append(f"the view {view} is defined otherwise")
    if faults:
        raise InputInvalid(
            f"{manifest.segmenter} {manifest.version} cannot answer about these rows: {'; '.join(faults)}"
        )
    return [place[feature.key] for feature in manifest.features]


def _differs(wanted: FeatureInput, found: FeatureInput) -> str:
    if wanted.dtype != found.dtype:
        return f"{wanted.key} was {wanted.dtype} and is {found.dtype}"
    if wanted.categories != found.categories:
        return f"{wanted.key} has other categories"
    return ""
