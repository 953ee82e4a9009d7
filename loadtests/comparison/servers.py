"""The peers' servers, each started as its makers document it and awaited. Raises StrataError when one does not come."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory

from loadtests.bench.gateways import ROOT
from loadtests.bench.peers import ECHO, accepts_grpc, answers_http
from loadtests.bench.processes import await_ready, free_port, running
from loadtests.bench.systems import JSON_OVER_HTTP1, SEGMENTER, System
from loadtests.comparison.claims import CPP_ECHO, FEAST, MLSERVER, RAY
from loadtests.peers import open_inference
from loadtests.peers.echo import sized
from loadtests.peers.glued.load import REPOSITORY
from loadtests.peers.places import program

START_S = 90.0
ONE_THREAD = {"OMP_NUM_THREADS": "1"}
"""LightGBM's default threads cost a busy machine milliseconds a row: a competent user pins them."""
Ready = Callable[[System], bool]


def start_cpp_echo(reply_bytes: Mapping[str, int], scratch: Path, stack: ExitStack) -> System:
    """The same methods and replies as the Python echo's."""
    folder = scratch / "echo_cpp"
    folder.mkdir()
    port, words = free_port(), []
    for name, size in reply_bytes.items():
        (folder / name).write_bytes(sized(size).SerializeToString())
        words += ["--reply", f"{name}={folder / name}"]
    command = [str(program("echo_cpp", "echo")), "--port", str(port), *words]
    system = System(CPP_ECHO, f"127.0.0.1:{port}", (), ECHO)
    return _started(system, command, {}, scratch, stack, ready=lambda one: accepts_grpc(one.address))


def start_mlserver(name: str, model: Path, scratch: Path, stack: ExitStack, ready: Ready) -> System:
    """MLServer's LightGBM runtime on a model file, in its own process (`parallel_workers: 0`), without metrics."""
    folder = scratch / "mlserver" / name
    folder.mkdir(parents=True)
    port = free_port()
    settings = {"host": "127.0.0.1", "http_port": free_port(), "grpc_port": port, "metrics_endpoint": None}
    quiet = {"debug": False, "parallel_workers": 0}
    served = {"name": name, "implementation": "mlserver_lightgbm.LightGBMModel", "parameters": {"uri": str(model)}}
    (folder / "settings.json").write_text(json.dumps(settings | quiet), encoding="utf-8")
    (folder / "model-settings.json").write_text(json.dumps(served), encoding="utf-8")
    command = [str(program("mlserver", "mlserver")), "start", str(folder)]
    system = System(MLSERVER, f"127.0.0.1:{port}", (), open_inference.SERVICE)
    return _started(system, command, ONE_THREAD, scratch, stack, ready=ready)


def start_ray_serve(package: Path, scratch: Path, stack: ExitStack, ready: Ready) -> System:
    """A cluster of this machine alone, and one replica. Its proxy listens on all of the machine's addresses."""
    port = free_port()
    # Below the system's own temporary folder: a home's path would make Ray's socket paths too long.
    short = stack.enter_context(TemporaryDirectory(prefix="strata-ray-", ignore_cleanup_errors=True))
    command = [
        str(program("ray_serve", "python")), "-m", "loadtests.peers.ray_serve.app", "--port", str(port),
        "--http-port", str(free_port()), "--package", str(package), "--folder", short,
    ]  # fmt: skip
    environ = ONE_THREAD | {"PYTHONPATH": str(ROOT), "RAY_USAGE_STATS_ENABLED": "0"}
    system = System(RAY, f"127.0.0.1:{port}", (), SEGMENTER)
    return _started(system, command, environ, scratch, stack, ready=ready)


def start_feast_server(glued: Mapping[str, str], scratch: Path, stack: ExitStack) -> System:
    """`feast serve` with one worker on the glued stack's registry and Redis, both filled by it; the system holds that
    Redis only when the caller adds it.

    It is told not to start its worker anew every 1,000 requests, which is its default and costs it most of its rate.
    """
    port = free_port()
    command = [
        str(Path(sys.executable).parent / "feast"), "--chdir", str(REPOSITORY), "serve", "--host", "127.0.0.1",
        "--port", str(port), "--workers", "1", "--no-access-log", "--max-requests", "0", "--registry_ttl_sec", "86400",
    ]  # fmt: skip
    system = System(FEAST, f"127.0.0.1:{port}", (), "", JSON_OVER_HTTP1)
    return _started(system, command, glued, scratch, stack, ready=lambda one: answers_http(one.url("health")))


def _started(
    system: System, command: list[str], environ: Mapping[str, str], scratch: Path, stack: ExitStack, *, ready: Ready
) -> System:
    """The system, its process added, when it is ready."""
    log = scratch / f"{system.name.replace(' ', '-')}.log"
    # A server that does not come is ended at once, not with the bench.
    with ExitStack() as own:
        tree = own.enter_context(running(command, log, environ, ROOT))
        await_ready(system.name, lambda: ready(system), [tree], log, START_S)
        stack.push(own.pop_all())
    return replace(system, trees=(tree,))
