"""A new version beside the old one, on the same users: what each segment is, who moves and why."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from strata.runtime import Manifest, Package
from strata.runtime.manifest import Lineage, SegmentLineage
from training.identity.kinds import found_in_data, noise_position
from training.identity.match import Counts, Origin, cross, match
from training.identity.movement import Causes, causes, release_sentence
from training.rows import Floats


@dataclass(frozen=True)
class Population:
    """The same users in the columns each version reads: [n, features of the old one], [n, features of the new one]."""

    old: Floats
    new: Floats


@dataclass(frozen=True)
class Earlier:
    """Users known both now and when the old version was trained, as they were then."""

    users: Population
    positions: NDArray[np.intp]
    """Where each of them is among the users of now."""


@dataclass(frozen=True)
class Identity:
    """See `evaluation.details.identity` in docs/training_runs.md."""

    previous: str
    rows: tuple[str, ...]
    """Keys of the old version."""
    columns: tuple[str, ...]
    """Keys of the new one."""
    flows: Counts
    """[rows, columns] users."""
    origins: list[Origin]
    causes: Causes | None
    since: str
    """When the old version was trained."""
    notes: tuple[str, ...] = ()

    @property
    def users(self) -> int:
        return int(self.flows.sum())

    @property
    def moved(self) -> int:
        """Users who are in a segment of another key the moment the new version replaces the old one."""
        return self.users - sum(
            int(self.flows[row, self.columns.index(key)]) for row, key in enumerate(self.rows) if key in self.columns
        )

    @property
    def moved_share(self) -> float:
        return self.moved / max(self.users, 1)

    @property
    def reasons(self) -> list[str]:
        """Sentences, the most important first."""
        said = [release_sentence(self.flows, self.rows, self.columns, self.previous)]
        said += [self.causes.sentence(self.since[:10])] if self.causes is not None else []
        return [*said, *self.notes]

    def lineage(self) -> Lineage:
        """For the manifest. The share is rounded: the last bit of a division is nobody's lineage."""
        segments = tuple(
            SegmentLineage(self._key(each), each.kind, self._names(each), round(each.overlap, 4))
            for each in self.origins
        )
        return Lineage(self.previous, segments, round(self.moved_share, 6))

    def to_json(self) -> dict[str, Any]:
        return {
            "previous": self.previous,
            "segments": [
                {"key": self._key(each), "kind": each.kind, "from": list(self._names(each)), "overlap": each.overlap,
                 "users": self._users(each)}
                for each in self.origins
            ],
            "moved": {"users": self.moved, "of": self.users, "share": self.moved_share},
            "since": None if self.causes is None else {"as_of": self.since, **self.causes.to_json()},
            "flows": {"rows": list(self.rows), "columns": list(self.columns), "matrix": self.flows.tolist()},
            "reasons": self.reasons,
        }  # fmt: skip

    def _key(self, origin: Origin) -> str:
        if origin.new is not None:
            return self.columns[origin.new]
        assert origin.carried is not None
        return self.rows[origin.carried]

    def _names(self, origin: Origin) -> tuple[str, ...]:
        return tuple(self.rows[each] for each in origin.origins)

    def _users(self, origin: Origin) -> int:
        return int(self.flows[:, origin.new].sum()) if origin.new is not None else 0


def compare(
    old: Package, new: Package, now: Population, earlier: Earlier | None = None, notes: Sequence[str] = ()
) -> Identity:
    """Score the same users with both."""
    rows, columns = keys_of(old.manifest), keys_of(new.manifest)
    old_now, new_now = old.score(now.old).segment_indexes, new.score(now.new).segment_indexes
    flows = cross(old_now, new_now, (len(rows), len(columns)))
    why = None
    if earlier is not None and len(earlier.positions):
        old_then, new_then = old.score(earlier.users.old).segment_indexes, new.score(earlier.users.new).segment_indexes
        there = earlier.positions
        old_names, new_names = np.array(rows), np.array(columns)
        why = causes(old_names[old_then], old_names[old_now[there]], new_names[new_then], new_names[new_now[there]])
    origins = origins_of(old.manifest, new.manifest, flows)
    return Identity(
        old.manifest.version, rows, columns, flows, origins, why, old.manifest.data_window.as_of, tuple(notes)
    )


def origins_of(old: Manifest, new: Manifest, flows: Counts) -> list[Origin]:
    """By users where segments are found in the data, by key where they are declared."""
    if found_in_data(old) and found_in_data(new):
        return match(flows, (noise_position(old.model), noise_position(new.model)))
    return match_keys(keys_of(old), keys_of(new), flows)


def match_keys(old: Sequence[str], new: Sequence[str], flows: Counts) -> list[Origin]:
    """Segments that are what they are called: a key both have is kept, however its users move."""
    union = flows.sum(axis=1, keepdims=True) + flows.sum(axis=0, keepdims=True) - flows
    overlap = flows / np.maximum(union, 1)
    found = []
    for position, key in enumerate(new):
        before = old.index(key) if key in old else None
        if before is None:
            found.append(Origin("new", position, (), 0.0))
        else:
            found.append(Origin("kept", position, (before,), float(overlap[before, position]), before))
    lost = [position for position, key in enumerate(old) if key not in new]
    return found + [Origin("vanished", None, (), float(overlap[each].max(initial=0.0)), each) for each in lost]


def keys_of(manifest: Manifest) -> tuple[str, ...]:
    """The vocabulary's keys, in order."""
    return tuple(entry.key for entry in manifest.vocabulary)
