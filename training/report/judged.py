"""One trained version with everything that was found out about it: what a page is made from."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from strata.runtime import Manifest
from training.rows import Evaluation


@dataclass(frozen=True)
class Judged:
    """A version, how it was judged, and the seed it was trained with."""

    manifest: Manifest
    evaluation: Evaluation
    seed: int | None = None
    since: str | None = None
    """The instant that older events were left out before, where the training was told one."""

    @property
    def details(self) -> dict[str, Any]:
        """`evaluation.details`; any key may be absent."""
        return self.evaluation.details

    @property
    def clustered(self) -> bool:
        """Whether there were no labels to learn from."""
        return self.details.get("kind") == "clusters"

    @cached_property
    def labels(self) -> dict[str, str]:
        """Segment key -> label, in the order of the vocabulary."""
        return {entry.key: entry.label for entry in self.manifest.vocabulary}

    def label(self, key: str) -> str:
        """What people call a segment; the key of one this version does not have."""
        return self.labels.get(key, key)

    @cached_property
    def sizes(self) -> dict[str, int]:
        """Segment key -> users it was given, of those judged; empty where nobody counted."""
        if "sizes" in self.details:
            return dict(self.details["sizes"])
        if "bands" in self.details:
            return {band["segment"]: band["rows"] for band in self.details["bands"]}
        confusion = self.details.get("confusion") or {"classes": [], "matrix": []}
        called = (sum(column) for column in zip(*confusion["matrix"], strict=True))
        return dict(zip(confusion["classes"], called, strict=True))

    @property
    def reproduce(self) -> str:
        """The command that trains this version again on the same history."""
        since = "" if self.since is None else f" --since {self.since}"
        return f"strata train {self.manifest.segmenter} --as-of {self.manifest.data_window.as_of}{since}"
