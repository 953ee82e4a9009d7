"""The systems to compare with: the echo and the glued stack."""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from contextlib import ExitStack
from pathlib import Path

import grpc
import psutil

from loadtests.bench.gateways import ROOT, await_live
from loadtests.bench.processes import await_ready, free_port, running
from loadtests.bench.redis_state import start_redis
from loadtests.bench.systems import System
from loadtests.peers.glued.schema import SCHEMA_VARIABLE, Schema

ECHO = "strata.bench.Echo"


def start_echo(reply_bytes: dict[str, int], scratch: Path, stack: ExitStack) -> System:
    """The echo, with one method per reply size."""
    port, log = free_port(), scratch / "echo.log"
    sizes = [word for name, size in reply_bytes.items() for word in ("--reply-bytes", f"{name}={size}")]
    tree = _python(stack, log, {}, "-m", "loadtests.peers.echo", "--port", str(port), *sizes)
    address = f"127.0.0.1:{port}"
    await_ready("echo", lambda: accepts_grpc(address), [tree], log)
    return System("echo", address, (tree,), ECHO)


def start_glued(schema: Schema, user: str, scratch: Path, stack: ExitStack) -> tuple[System, dict[str, str]]:
    """Redis, the BentoML service and the gateway on Feast, when `user` is answered live; and their environment."""
    folder = scratch / "glued"
    folder.mkdir()
    schema.write(folder / "schema.json")
    models, gateway = free_port(), free_port()
    redis, store = start_redis("glued-redis", scratch, stack)
    environ = {
        SCHEMA_VARIABLE: str(folder / "schema.json"),
        "GLUED_REGISTRY": str(folder / "registry.db"),
        "GLUED_REDIS": f"127.0.0.1:{redis}",
        "BENTOML_HOME": str(folder / "bentoml"),
        "BENTOML_DO_NOT_TRACK": "True",
        "DO_NOT_TRACK": "1",
    }
    # BentoML wants its home to be there.
    (folder / "bentoml").mkdir()
    bento_words = ("-m", "bentoml", "serve", "loadtests.peers.glued.service:Segments", "--host", "127.0.0.1")
    bento = _python(stack, scratch / "glued-bento.log", environ, *bento_words, "--port", str(models))
    url = f"http://127.0.0.1:{models}"
    await_ready(
        "the glued stack's BentoML service", lambda: answers_http(f"{url}/readyz"), [bento], scratch / "glued-bento.log"
    )
    log = scratch / "glued-gateway.log"
    words = ("-m", "loadtests.peers.glued.gateway", "--port", str(gateway), "--models", url)
    tree = _python(stack, log, environ, *words)
    system = System("glued", f"127.0.0.1:{gateway}", (tree, bento, store))
    await_live(system, user, log)
    return system, environ


def _python(stack: ExitStack, log: Path, environ: dict[str, str], *words: str) -> psutil.Process:
    return stack.enter_context(running([sys.executable, *words], log, environ, ROOT))


def accepts_grpc(address: str) -> bool:
    """Whether a gRPC server takes connections there."""
    with grpc.insecure_channel(address) as channel:
        try:
            grpc.channel_ready_future(channel).result(1)
        except grpc.FutureTimeoutError:
            return False
    return True


def answers_http(url: str) -> bool:
    """Whether a GET there ends with 200."""
    try:
        with urllib.request.urlopen(url, timeout=1) as reply:
            return int(reply.status) == 200
    except (urllib.error.URLError, OSError):
        return False
