"""Everyone's feature values, taken from where any stranger can read them: the prediction log."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

import grpc
import pyarrow as pa
import pyarrow.parquet as pq

from loadtests.bench.systems import System
from loadtests.peers.glued.schema import Schema
from loadtests.run import list_versions
from strata.errors import StrataError
from strata.settings import Settings
from strata.v1.segmentation_pb2 import BatchGetSegmentsRequest
from strata.v1.segmentation_pb2_grpc import SegmentationServiceStub

BATCH = 500
LIMIT_S = 30.0


def schema_of(settings: Settings, system: System, users: Sequence[str], scratch: Path) -> Schema:
    """What the glued stack needs to answer as `system` does, a gateway of ours in a home below `scratch`."""
    rows = scratch / "features.parquet"
    features = harvest(system.address, users, scratch / system.name / "home" / settings.predictions.name, rows)
    versions = list_versions(system.address)
    packages = {name: str(settings.packages / name / version) for name, version in versions.items()}
    return Schema(features, packages, str(rows))


def harvest(address: str, users: Sequence[str], predictions: Path, into: Path) -> list[str]:
    """Ask about every user, wait for the log, and write `user_id` and one float64 column per feature to `into`.

    Returns the features (`view:feature`). Raises StrataError when the log stays without some of the users.
    """
    _ask(address, users)
    deadline = time.monotonic() + LIMIT_S
    while True:
        columns = _read(predictions)
        lacking = [user for user in users if not columns or any(user not in values for values in columns.values())]
        if not lacking:
            break
        if time.monotonic() > deadline:
            raise StrataError(
                f"the prediction log in {predictions} lacks {len(lacking)} of {len(users)} users asked about"
            )
        time.sleep(0.5)
    table = {feature: pa.array([values[user] for user in users], pa.float64()) for feature, values in columns.items()}
    pq.write_table(pa.table({"user_id": pa.array(users, pa.string()), **table}), into)
    return list(columns)


def _ask(address: str, users: Sequence[str]) -> None:
    with grpc.insecure_channel(address) as channel:
        stub = SegmentationServiceStub(channel)  # type: ignore[no-untyped-call]
        for start in range(0, len(users), BATCH):
            stub.BatchGetSegments(BatchGetSegmentsRequest(user_ids=users[start : start + BATCH]), timeout=30)


def _read(predictions: Path) -> dict[str, dict[str, float | None]]:
    """Feature -> user -> value, over all segmenters; the newest file wins."""
    columns: dict[str, dict[str, float | None]] = {}
    for path in sorted(predictions.glob("*/*.parquet")):
        if path.name.startswith("."):
            continue  # being written
        table = pq.ParquetFile(path).read()
        users = table["user_id"].to_pylist()
        for feature in (name for name in table.column_names if ":" in name):
            columns.setdefault(feature, {}).update(zip(users, table[feature].to_pylist(), strict=True))
    return columns
