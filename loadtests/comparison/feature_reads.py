"""What Feast's own server is asked: every feature of some users. Its values are held to those it was loaded with."""

from __future__ import annotations

import json
import math
import urllib.request
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from loadtests.bench.systems import System
from loadtests.bench.workload import Call
from loadtests.comparison.cells import USERS
from loadtests.comparison.plan import PeerPlan
from loadtests.peers.glued.schema import Schema
from strata.errors import StrataError

METHOD = "get-online-features"
ASK_S = 60.0


@dataclass(frozen=True)
class Reads:
    """Which users are asked about together, by their number; and everyone's values, in the features' order."""

    features: list[str]
    groups: dict[int, list[list[str]]]
    values: dict[str, list[float | None]]


def read_groups(schema: Schema, users: Sequence[str], plan: PeerPlan) -> Reads:
    """Users in turn, in groups of each size; the values are those that Feast's store was filled with."""
    table = pq.ParquetFile(schema.rows).read()
    columns = [table[feature].to_pylist() for feature in schema.features]
    groups = {
        size: [[users[(start * size + i) % len(users)] for i in range(size)] for start in range(plan.bodies(size))]
        for size in USERS
    }
    everyone = table["user_id"].to_pylist()
    return Reads(
        schema.features,
        groups,
        {user: list(row) for user, row in zip(everyone, zip(*columns, strict=True), strict=True)},
    )


def request_of(features: Sequence[str], users: Sequence[str]) -> bytes:
    """A body of `/get-online-features`."""
    return json.dumps(
        {"features": list(features), "entities": {"user_id": list(users)}, "full_feature_names": True}
    ).encode()


def values_of(reply: bytes, features: Sequence[str]) -> list[list[float | None]]:
    """Rows of values, in the order of `features`. Raises StrataError when a feature is not in the reply."""
    found: dict[str, Any] = json.loads(reply)
    names, results = found["metadata"]["feature_names"], found["results"]
    # By name: the order of Feast's columns changes with every process start.
    columns = {name: result["values"] for name, result in zip(names, results, strict=True)}
    wanted = [feature.replace(":", "__") for feature in features]
    if missing := [name for name in wanted if name not in columns]:
        raise StrataError(f"Feast's server gives no {missing[0]}")
    return [list(row) for row in zip(*(columns[name] for name in wanted), strict=True)]


def check_reads(system: System, reads: Reads) -> dict[int, list[int]]:
    """Ask each group once and hold the values to those loaded. Returns the replies' bytes, by group size.

    Raises StrataError when a value is another.
    """
    weights: dict[int, list[int]] = {size: [] for size in reads.groups}
    for size, groups in reads.groups.items():
        for users in groups:
            reply = _ask(system, request_of(reads.features, users))
            rows = values_of(reply, reads.features)
            for user, row in zip(users, rows, strict=True):
                if not all(map(_same, row, reads.values[user])):
                    raise StrataError(f"{system.name} gives other values of user {user} than it was loaded with")
            weights[size].append(len(reply))
    return weights


def read_calls(reads: Reads, weights: dict[int, list[int]], folder: Path) -> dict[str, list[Call]]:
    """The same requests as files, by kind, with what the right replies weigh: the same every time."""
    folder.mkdir(parents=True)
    found: dict[str, list[Call]] = {}
    for size, groups in reads.groups.items():
        found[USERS[size]] = []
        for index, (users, weight) in enumerate(zip(groups, weights[size], strict=True)):
            body = folder / f"{size}-{index}.json"
            body.write_bytes(request_of(reads.features, users))
            found[USERS[size]].append(Call(METHOD, body, size, weight, weight))
    return found


def _ask(system: System, body: bytes) -> bytes:
    headers = {"content-type": "application/json"}
    request = urllib.request.Request(system.url(METHOD), data=body, headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=ASK_S) as answer:
            reply: bytes = answer.read()
            return reply
    except OSError as error:
        raise StrataError(f"{system.name} does not answer: {error}") from error


def _same(theirs: float | None, ours: float | None) -> bool:
    # Missing is null or NaN, by the way a row was written.
    lost = [value is None or math.isnan(value) for value in (theirs, ours)]
    return all(lost) if any(lost) else theirs == ours
