"""Rows to score and nothing else: requests in each server's protocol, replies held to our package, calls weighed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import grpc
import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from loadtests.bench.systems import System
from loadtests.bench.workload import PREFIX_BYTES, Call, framed
from loadtests.comparison.cells import ROWS
from loadtests.comparison.plan import PeerPlan
from loadtests.peers import open_inference
from strata.errors import StrataError
from strata.runtime import Package
from strata.runtime.boosted import BoostedModel
from strata.runtime.manifest import Manifest
from strata.v1 import segmenter_pb2 as pb

Floats = NDArray[np.float64]
CLOSE = 1e-6
"""How far a probability may be off: float32, and a logarithm undone."""
ASK_S = 30.0


class Dialect(Protocol):
    """How a server is asked to score rows, and what of its reply can be held to ours."""

    @property
    def method(self) -> str:
        """The last part of the path."""
        ...

    def request(self, rows: Floats) -> bytes:
        """The message for float64 [n, f] rows."""
        ...

    def probabilities(self, reply: bytes) -> Floats:
        """[n], as our package gives them. Raises ValueError when the reply is not one."""
        ...


@dataclass(frozen=True)
class SegmenterDialect:
    """Our own: `SegmenterService.Score`."""

    manifest: Manifest
    method: str = "Score"

    def request(self, rows: Floats) -> bytes:
        """See Dialect."""
        return pb.ScoreRequest(
            segmenter=self.manifest.segmenter,
            version=self.manifest.version,
            schema_fingerprint=self.manifest.schema_fingerprint,
            row_count=len(rows),
            values=np.ascontiguousarray(rows, dtype="<f8").tobytes(),
        ).SerializeToString()

    def probabilities(self, reply: bytes) -> Floats:
        """See Dialect."""
        return np.array(pb.ScoreResponse.FromString(reply).scores, dtype=np.float64)


@dataclass(frozen=True)
class InferenceDialect:
    """The Open Inference Protocol, spoken by a server of the bare LightGBM model.

    Such a server neither calibrates nor cuts into segments. Its probability is calibrated here, to hold it to ours.
    """

    model_name: str
    model: BoostedModel
    method: str = open_inference.METHOD

    def request(self, rows: Floats) -> bytes:
        """See Dialect."""
        return open_inference.infer_request(self.model_name, rows)

    def probabilities(self, reply: bytes) -> Floats:
        """See Dialect."""
        bare = open_inference.inferred(reply)
        return self.model.calibration.apply(np.log(bare / (1.0 - bare)))


@dataclass(frozen=True)
class Rows:
    """What is scored: a package, and groups of float64 [n, f] rows by group size n."""

    package: Package
    groups: dict[int, list[Floats]]


def read_rows(package: Package, features: Path, users: Sequence[str], plan: PeerPlan) -> Rows:
    """Rows of users in turn, from a file of everyone's features, in groups of each size of a plan."""
    table = pq.ParquetFile(features).read()
    place = {user: position for position, user in enumerate(table["user_id"].to_pylist())}
    columns = [table[one.key].to_numpy() for one in package.manifest.features]
    matrix = np.column_stack(columns).astype(np.float64)[[place[user] for user in users]]
    return Rows(
        package,
        {
            size: [
                matrix[[(start * size + i) % len(matrix) for i in range(size)]] for start in range(plan.bodies(size))
            ]
            for size in ROWS
        },
    )


def check(system: System, dialect: Dialect, rows: Rows) -> dict[int, list[int]]:
    """Ask each group once and hold the answers to the package's. Returns the replies' bytes, by group size.

    Raises StrataError when a probability is another, and grpc.RpcError when there is no reply.
    """
    weights: dict[int, list[int]] = {size: [] for size in rows.groups}
    with grpc.insecure_channel(system.address) as channel:
        ask = channel.unary_unary(f"/{system.service}/{dialect.method}")
        for size, groups in rows.groups.items():
            for group in groups:
                reply = ask(dialect.request(group), timeout=ASK_S)
                _hold(system.name, _probabilities(dialect, reply), rows.package.score(group).scores)
                weights[size].append(len(reply))
    return weights


def ready(system: System, dialect: Dialect, rows: Rows) -> bool:
    """Whether a first row is answered."""
    with grpc.insecure_channel(system.address) as channel:
        try:
            channel.unary_unary(f"/{system.service}/{dialect.method}")(dialect.request(rows.groups[1][0]), timeout=2)
        except grpc.RpcError:
            return False
    return True


def scoring_calls(dialect: Dialect, rows: Rows, weights: dict[int, list[int]], folder: Path) -> dict[str, list[Call]]:
    """The same requests as files, by kind, with what the right replies weigh: the same every time."""
    folder.mkdir(parents=True)
    found: dict[str, list[Call]] = {}
    for size, groups in rows.groups.items():
        found[ROWS[size]] = []
        for index, (group, weight) in enumerate(zip(groups, weights[size], strict=True)):
            body = folder / f"{size}-{index}.bin"
            body.write_bytes(framed(dialect.request(group)))
            found[ROWS[size]].append(Call(dialect.method, body, size, PREFIX_BYTES + weight, PREFIX_BYTES + weight))
    return found


def _probabilities(dialect: Dialect, reply: bytes) -> Floats:
    try:
        return dialect.probabilities(reply)
    except ValueError as error:
        raise StrataError(f"{dialect.method} was not answered with scores: {error}") from error


def _hold(name: str, theirs: Floats, ours: NDArray[np.float32]) -> None:
    if theirs.shape != ours.shape:
        raise StrataError(f"{name} gives {theirs.size} scores for {ours.size} rows")
    farthest = float(np.max(np.abs(theirs - ours)))
    if not farthest <= CLOSE:  # NaN is no answer either
        raise StrataError(
            f"{name} gives other probabilities than our package (by up to {farthest:g}); "
            "costs of different answers are not comparable"
        )
