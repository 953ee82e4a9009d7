"""What a prepared home has, as far as a bench looks, with plain gateways for the real ones."""

from __future__ import annotations

import json
import shutil
import sys
from contextlib import ExitStack
from pathlib import Path

import plain_gateway
import pyarrow as pa
import pyarrow.parquet as pq
from plain_packages import FEATURES, write_packages

from loadtests.bench.processes import free_port, running
from loadtests.bench.systems import System
from loadtests.peers.glued.schema import SCHEMA_VARIABLE, Schema

ROOT = Path(__file__).parents[2]
USERS = [f"u{i}" for i in range(600)]


def make_plain_home(folder: Path) -> Path:
    """A home below `folder`; beside it the plain gateway's values (`rows.parquet`) and its `schema.json`."""
    home = folder / "home"
    folders, matrix = write_packages(folder / "made", len(USERS))
    columns = {feature: pa.array(matrix[:, i], from_pandas=True) for i, feature in enumerate(FEATURES)}
    pq.write_table(pa.table({"user_id": USERS, **columns}), folder / "rows.parquet")
    for name, package in folders.items():
        version = json.loads((package / "manifest.json").read_text())["version"]
        shutil.copytree(package, home / "packages" / name / version)
    (home / "state").mkdir()
    (home / "registry.db").touch()
    packages = {name: str(package) for name, package in folders.items()}
    Schema(FEATURES, packages, str(folder / "rows.parquet")).write(folder / "schema.json")
    return home


def start_plain_gateway(name: str, home: Path, scratch: Path, stack: ExitStack) -> System:
    """A plain gateway over a home's values."""
    port = free_port()
    environ = {SCHEMA_VARIABLE: str(home.parent / "schema.json"), "PYTHONPATH": str(ROOT)}
    command = [sys.executable, plain_gateway.__file__, "--port", str(port)]
    tree = stack.enter_context(running(command, scratch / f"gateway-{name}.log", environ, ROOT))
    return System(name, f"127.0.0.1:{port}", (tree,))


def write_plain_predictions(home: Path, scratch: Path) -> None:
    """The prediction log that the gateway `embedded` would have written of everyone."""
    log = scratch / "embedded" / "home" / "predictions" / "tiers"
    log.mkdir(parents=True)
    shutil.copy(home.parent / "rows.parquet", log / "1.parquet")
