"""What the parts of the glued stack agree on: the views, their features, and where the packages are."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

SCHEMA_VARIABLE = "GLUED_SCHEMA"
"""Names the JSON file below; read by the feature repository, the gateway and the BentoML service."""


@dataclass(frozen=True)
class Schema:
    """Features are `view:feature`, in the order of the matrix that travels to the models."""

    features: list[str]
    packages: dict[str, str]
    """Segmenter -> folder of its package, in the order of the replies."""
    rows: str
    """A Parquet file: `user_id` and one float64 column per feature."""

    @property
    def views(self) -> dict[str, list[str]]:
        """Feature names by view."""
        found: dict[str, list[str]] = {}
        for feature in self.features:
            view, _, name = feature.partition(":")
            found.setdefault(view, []).append(name)
        return found

    def write(self, path: Path) -> None:
        """Store as JSON."""
        path.write_text(json.dumps(self.__dict__, indent=1), encoding="utf-8")


def read_schema(path: str) -> Schema:
    """Read what `Schema.write` stored."""
    return Schema(**json.loads(Path(path).read_text(encoding="utf-8")))
