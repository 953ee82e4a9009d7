"""The peers' real servers: the C++ echo wherever it compiles, MLServer and Ray Serve where they are installed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import grpc
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from toy_package import write_toy_promo

from loadtests.bench.peers import ECHO
from loadtests.bench.systems import System
from loadtests.comparison import scoring
from loadtests.comparison.plan import PeerPlan
from loadtests.comparison.servers import start_cpp_echo, start_mlserver, start_ray_serve
from loadtests.peers.echo import sized
from loadtests.peers.places import lacking, program
from strata.runtime import load_package
from strata.runtime.boosted import BoostedModel

pytestmark = pytest.mark.integration

INSTALLER = Path(__file__).parents[3] / "scripts" / "install_peers.py"
PLAN = PeerPlan(rounds=1, single_s=0.1, many_s=0.1, singles=4)
SIZES = {"Single": 188, "Batch": 20_000}


def _can_compile() -> bool:
    if not any(shutil.which(name) for name in ("c++", "g++", "clang++")) or shutil.which("pkg-config") is None:
        return False
    return subprocess.run(["pkg-config", "--exists", "grpc++"], check=False).returncode == 0


@pytest.fixture(scope="module")
def compiled(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache of these tests' own, with the C++ echo compiled from the source as it is."""
    if not _can_compile():
        pytest.skip("needs a C++ compiler and gRPC's C++ library: scripts/install_tools.sh g++ grpc++")
    cache = tmp_path_factory.mktemp("cache")
    command = [sys.executable, str(INSTALLER), "echo_cpp"]
    environ = {**os.environ, "XDG_CACHE_HOME": str(cache)}
    done = subprocess.run(command, capture_output=True, text=True, env=environ, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return cache


@pytest.fixture
def echo_program(compiled: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the bench looks for it now, too."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(compiled))
    return program("echo_cpp", "echo")


@pytest.fixture
def echo(echo_program: Path, tmp_path: Path) -> Iterator[System]:
    with ExitStack() as stack:
        yield start_cpp_echo(SIZES, tmp_path, stack)


def test_the_cpp_echo_answers_with_the_python_echos_bytes(echo: System) -> None:
    """Whatever is sent, from many callers at once, over one connection."""
    with grpc.insecure_channel(echo.address) as channel, ThreadPoolExecutor(16) as callers:
        for method, size in SIZES.items():
            ask = channel.unary_unary(f"/{ECHO}/{method}")
            requests = [b"", b"\xff not a message", b"x" * 100_000] * 100
            replies = callers.map(lambda request, ask=ask: ask(request, timeout=10), requests)
            assert set(replies) == {sized(size).SerializeToString()}


def test_the_cpp_echo_refuses_other_methods_and_lives_through_lost_callers(echo: System) -> None:
    """A call of an unknown method ends with a status, one that is given up leaves the others alone."""
    with grpc.insecure_channel(echo.address) as channel:
        with pytest.raises(grpc.RpcError) as refused:
            channel.unary_unary(f"/{ECHO}/Other")(b"", timeout=10)
        assert refused.value.code() == grpc.StatusCode.UNIMPLEMENTED
        for _ in range(50):
            channel.unary_unary(f"/{ECHO}/Single").future(b"x" * 1_000_000).cancel()
        assert channel.unary_unary(f"/{ECHO}/Single")(b"", timeout=10) == sized(188).SerializeToString()


def test_the_cpp_echo_ends_when_it_is_told_to(echo: System) -> None:
    """With 0, from the signal that a bench sends."""
    (tree,) = echo.trees
    tree.send_signal(signal.SIGTERM)
    assert tree.wait(10) == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "give --port P and at least one --reply NAME=FILE"),
        (["--port", "1", "--reply", "Single=/nowhere"], "cannot use --reply Single=/nowhere"),
        (["--size", "1"], "cannot use --size 1"),
    ],
)
def test_the_cpp_echo_says_how_it_is_called(echo_program: Path, words: list[str], said: str) -> None:
    done = subprocess.run([str(echo_program), *words], capture_output=True, text=True, check=False)
    assert (done.returncode, said in done.stderr) == (2, True)


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A LightGBM package whose answers can be computed in the head."""
    return write_toy_promo(tmp_path / "packages")


@pytest.fixture
def rows(package: Path, tmp_path: Path) -> scoring.Rows:
    coupons = np.array([0.0, 1.0, 2.0, 3.0, np.nan])
    users = [f"u{i}" for i in range(len(coupons))]
    pq.write_table(pa.table({"user_id": users, "toy:coupons": coupons}), tmp_path / "features.parquet")
    return scoring.read_rows(load_package(package), tmp_path / "features.parquet", users, PLAN)


@pytest.mark.skipif(bool(lacking("mlserver")), reason="needs MLServer: scripts/install_peers.py mlserver")
def test_mlserver_gives_our_probabilities(package: Path, rows: scoring.Rows, tmp_path: Path) -> None:
    """In the protocol as we write it, one row and many, a missing value among them."""
    assert isinstance(rows.package.model, BoostedModel)
    dialect = scoring.InferenceDialect("toy_promo", rows.package.model)
    with ExitStack() as stack:
        model = package / "model.txt"
        peer = start_mlserver("toy_promo", model, tmp_path, stack, lambda one: scoring.ready(one, dialect, rows))
        weights = scoring.check(peer, dialect, rows)
    assert [len(set(of_a_size)) for of_a_size in weights.values()] == [1, 1, 1]


@pytest.mark.skipif(bool(lacking("ray_serve")), reason="needs Ray Serve: scripts/install_peers.py ray_serve")
def test_ray_serve_gives_our_answers(package: Path, rows: scoring.Rows, tmp_path: Path) -> None:
    """To the bytes our own worker is sent; nothing of its cluster is left when it ends."""
    dialect = scoring.SegmenterDialect(rows.package.manifest)
    with ExitStack() as stack:
        peer = start_ray_serve(package, tmp_path, stack, lambda one: scoring.ready(one, dialect, rows))
        family = peer.trees[0].children(recursive=True)
        weights = scoring.check(peer, dialect, rows)
    assert [len(set(of_a_size)) for of_a_size in weights.values()] == [1, 1, 1]
    assert len(family) > 3  # a cluster's processes are the server's own: their CPU is counted
    assert [one.name() for one in family if one.is_running() and one.status() != "zombie"] == []
