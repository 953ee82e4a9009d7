"""Retraining at one clock after another: who keeps the key of their segment, with identity and without.

Three ways of retraining: `identity` keeps the number of segments while the data carry it and carries keys over from the
window before; `rule` chooses the number and names each solution anew by the archetypes; `naive` numbers another seed's
clusters as they come, as retraining does where nobody looks after names. `best` is what any naming of identity's
solution could reach at most.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import linear_sum_assignment

from strata.clock import format_instant
from strata.runtime import Manifest, Package
from strata.runtime.package import assemble
from strata.runtime.store import seal_files
from training.clusters.fitted import FittedClusters
from training.definition import Definition
from training.fitting import fit
from training.gather import Gathered, gather
from training.identity.beside import Beside, beside
from training.identity.match import Counts
from training.identity.solution import Identity
from training.packing import make_manifest
from training.produce import Sources
from training.rows import Evaluation, Fitted
from training.sections import SegmentText

Record = dict[str, Any]
"""Keys in docs/training_runs.md."""
IDENTITY, RULE, NAIVE, BEST = "identity", "rule", "naive", "best"


@dataclass(frozen=True)
class Version:
    """One package of one way, as it would be stored."""

    manifest: Manifest
    files: Mapping[str, bytes]

    @property
    def package(self) -> Package:
        return assemble(seal_files(self.manifest, self.files), self.files)


@dataclass(frozen=True)
class Window:
    """One clock: a version per way, and what became of the users since the window before."""

    versions: dict[str, Version]
    record: Record


def retrain(
    definition: Definition, sources: Sources, at_us: int, before: Mapping[str, Package], number: int, *, scratch: Path
) -> Window:
    """Train at a clock, after the packages of the window `before` (none for the first).

    `scratch`: a folder in which the numbers of segments that one way judged are found by the next.
    """
    gathered = gather(definition, sources.reader, sources.history, at_us)
    old = beside(before[IDENTITY], gathered.rows.schema, "window before") if IDENTITY in before else Beside()
    fitted = fit(definition, gathered.rows, before=old.found_segments, scratch=scratch)
    recognised = old.recognise(definition, fitted, gathered.known)
    ways = {IDENTITY: recognised.fitted}
    if isinstance(fitted, FittedClusters):
        ways[RULE] = fit(definition, gathered.rows, scratch=scratch)
        other = fit(definition.model_copy(update={"seed": definition.seed + number}), gathered.rows)
        assert isinstance(other, FittedClusters)
        ways[NAIVE] = _numbered(other)
    versions = {way: _version(definition, each, gathered) for way, each in ways.items()}
    compared = {
        way: beside(before[way], gathered.rows.schema, "").compare(
            version.package,
            sources.reader,
            sources.history,
            gathered.known,
            recognised.notes if way == IDENTITY else (),
        )
        for way, version in versions.items()
        if way in before
    }
    return Window(versions, _record(versions[IDENTITY], compared, at_us, len(gathered.users)))


def _numbered(fitted: FittedClusters) -> FittedClusters:
    """Clusters called by their index."""
    count = len(fitted.names)
    names = [SegmentText(key=f"cluster_{i}", label=f"Cluster {i}", description="") for i in range(count)]
    return replace(fitted, order=np.arange(count, dtype=np.intp)).renamed(names)


def _version(definition: Definition, fitted: Fitted, gathered: Gathered) -> Version:
    export = fitted.export()
    # A comparison asks nobody about unknown users: any segment will do for them.
    anyone = export.vocabulary[0].key
    return Version(make_manifest(definition, gathered, export, Evaluation({}, {}), anyone), export.files)


def _record(version: Version, compared: Mapping[str, Identity | None], at_us: int, users: int) -> Record:
    keys = [entry.key for entry in version.manifest.vocabulary]
    record: Record = {"as_of": format_instant(at_us), "users": users, "segments": keys}
    found = compared.get(IDENTITY)
    if found is None:
        return record
    told = found.to_json()
    by_kind = {kind: [one["key"] for one in told["segments"] if one["kind"] == kind]
               for kind in ("kept", "merged", "split", "new", "vanished")}  # fmt: skip
    keeping = {way: 1 - each.moved_share for way, each in compared.items() if each is not None}
    if NAIVE in compared:
        keeping[BEST] = best_share(found.flows)
    return {**record, **by_kind, "keeping": keeping, "moved": told["moved"], "since": told["since"],
            "reasons": told["reasons"]}  # fmt: skip


def best_share(flows: Counts) -> float:
    """The largest share of users that could keep a key, whatever the new segments were called.

    >>> best_share(np.array([[0, 60], [30, 10]]))
    0.9
    """
    rows, columns = linear_sum_assignment(flows, maximize=True)
    return float(flows[rows, columns].sum() / max(flows.sum(), 1))
