"""Stock Feast on Redis as a reader of features: `python -m loadtests.peers.glued.reads COLUMNS_FILE`.

`get_online_features(...).to_dict()`, as Feast's documentation reads features; its async read costs more
(docs/benchmarks.md). The Redis is the glued stack's, loaded and kept by it.
"""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Sequence
from typing import Any

from feast import FeatureStore

from loadtests.peers.glued.load import REPOSITORY
from loadtests.reads.loop import Value, obey, read_columns


async def main(features: list[str], users: list[str]) -> None:
    """Obey until standard input ends."""
    store = FeatureStore(repo_path=str(REPOSITORY))

    async def read(users: Sequence[str]) -> dict[str, Any]:
        entities = [{"user_id": user} for user in users]
        found = store.get_online_features(features=features, entity_rows=entities, full_feature_names=True)
        values: dict[str, Any] = found.to_dict()
        return values

    def show(found: dict[str, Any]) -> list[list[Value]]:
        wanted = [found[feature.replace(":", "__")] for feature in features]
        return [list(row) for row in zip(*wanted, strict=True)]

    await obey(read, show, users)


if __name__ == "__main__":
    asyncio.run(main(*read_columns(sys.argv[1])))
