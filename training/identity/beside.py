"""The version before, as far as it can answer about the users of now: names and movement come from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from strata.clock import parse_instant
from strata.errors import InputInvalid, PackageInvalid
from strata.runtime import Manifest, Package
from training.clusters.fitted import FittedClusters
from training.definition import Definition
from training.gather import Known, read_features, with_defaults
from training.history import History
from training.identity.agree import columns_of
from training.identity.kinds import found_in_data, noise_position
from training.identity.previous import find_previous
from training.identity.recognise import Recognised, recognise
from training.identity.solution import Earlier, Identity, Population, compare
from training.reader import FeatureReader
from training.rows import FeatureSchema, Fitted, Floats


@dataclass(frozen=True)
class Beside:
    """The version before, or why there is none to compare with."""

    package: Package | None = None
    columns: tuple[int, ...] = ()
    """Where its features are among the new version's."""
    standing: str = ""
    """`live` or `accepted last`."""
    fault: str = ""
    """Why a version that is there cannot be compared; empty where there is none."""

    @property
    def manifest(self) -> Manifest | None:
        return None if self.package is None else self.package.manifest

    @property
    def version(self) -> str | None:
        return None if self.package is None else self.package.manifest.version

    @property
    def found_segments(self) -> int | None:
        """How many it found in the data, users who belong nowhere apart; None for bands and classes."""
        if self.package is None or not found_in_data(self.package.manifest):
            return None
        noise = noise_position(self.package.manifest.model)
        return len(self.package.manifest.vocabulary) - (noise is not None)

    @property
    def as_of_us(self) -> int:
        """The clock it was trained at."""
        assert self.package is not None
        return parse_instant(self.package.manifest.data_window.as_of)

    def recognise(self, definition: Definition, fitted: Fitted, known: Known) -> Recognised:
        """Clusters under the names their users know them by; a band or a class is what it is called."""
        if self.package is None or not isinstance(fitted, FittedClusters):
            return Recognised(fitted)
        rows = with_defaults(known.schema, known.values)
        return recognise(definition, fitted, self.package, self.read(known.values), rows)

    def compare(
        self, new: Package, reader: FeatureReader, history: History, known: Known, notes: Sequence[str] = ()
    ) -> Identity | None:
        """Who moves when `new` replaces it, and why users moved since it was trained."""
        if self.package is None:
            return None
        now = Population(self.read(known.values), known.values)
        earlier = self._earlier(reader, history, known)
        return compare(self.package, new, now, earlier, notes)

    def _earlier(self, reader: FeatureReader, history: History, known: Known) -> Earlier | None:
        """Users of now who were known when it was trained, as they were then. None when that is not before now."""
        then_us = self.as_of_us
        before = set(History(history.folder).known_users(then_us)) if then_us < known.at_us else set()
        positions = np.array([i for i, user in enumerate(known.users) if user in before], dtype=np.intp)
        if not len(positions):
            return None
        users = [known.users[i] for i in positions]
        values = read_features(reader, known.schema, users, np.full(len(users), then_us))
        return Earlier(Population(self.read(values), values), positions)

    def read(self, values: Floats) -> Floats:
        """The columns it reads of [n, f]."""
        return values[:, self.columns]


def look_beside(packages: Path, releases: Path | None, definition: Definition, schema: FeatureSchema) -> Beside:
    """The version before, of a definition whose features are these."""
    try:
        previous = find_previous(packages, releases, definition.name)
    except PackageInvalid as fault:
        return Beside(fault=f"the version before cannot be used ({fault})")
    if previous is None:
        return Beside()
    try:
        return beside(previous.package, schema, previous.standing)
    except InputInvalid as fault:
        return Beside(fault=str(fault))


def beside(package: Package, schema: FeatureSchema, standing: str) -> Beside:
    """A package next to a version with these features. Raises InputInvalid where it reads others."""
    columns = columns_of(package.manifest, schema.features, schema.view_fingerprints)
    return Beside(package, tuple(columns), standing)
